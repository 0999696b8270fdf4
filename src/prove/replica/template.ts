import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chownSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { chown, copyFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import envPaths from 'env-paths';
import { DrydockError, messageOf } from '../../core/error.ts';
import { reachableTemporaryFolder, type Binaries, type UnprivilegedUser } from './binaries.ts';

const initdbArguments: readonly string[] = [
  '--username=postgres',
  '--auth=trust',
  '--encoding=UTF8',
  // Independent of the locales that are installed, and the same order on every machine.
  '--locale-provider=builtin',
  '--builtin-locale=C.UTF-8',
  '--locale=C',
  '--no-sync',
  // Small segments, and none kept for later: less to copy for each start.
  '--wal-segsize=1',
  '--set=min_wal_size=2MB',
  '--set=max_wal_size=2MB',
];

/** One database is enough to copy others from, and every start copies each file; migrations know it as 'postgres'. */
const leaner: readonly string[] = [
  `update pg_database set datistemplate = false where datname ~ '^template'`,
  'drop database template0',
  'drop database template1',
];

/**
 * Makes `target` the data folder of a fresh cluster: a copy of one that is made once for each version of Postgres and kept
 * in the user's cache. Where that cannot be written, each start makes its own.
 */
export async function makeDataFolder(binaries: Binaries, target: string): Promise<void> {
  const key = createHash('sha256')
    .update([...initdbArguments, ...leaner].join('\0'))
    .digest('hex')
    .slice(0, 8);
  const template = join(cacheFolder(), `cluster-${binaries.version}-${process.arch}-${key}`);
  if (existsSync(join(template, 'PG_VERSION'))) await copyTemplate(template, target, binaries.user);
  else
    await buildCluster(binaries, async cluster => {
      keep(cluster, template);
      await copyTemplate(cluster, target, binaries.user);
    });
}

/** Copies the template to `target` for `user`, beside whatever else there is to do: it is a file for each table and index. */
async function copyTemplate(template: string, target: string, user: UnprivilegedUser | undefined): Promise<void> {
  // Postgres refuses a data folder that others may read.
  mkdirSync(target, { mode: 0o700 });
  if (user !== undefined) chownSync(target, user.uid, user.gid);
  await settled(
    readdirSync(template, { withFileTypes: true }).map(entry => {
      const [from, to] = [join(template, entry.name), join(target, entry.name)];
      return entry.isDirectory() ? copyTemplate(from, to, user) : copyOne(from, to, user);
    }),
  );
}

/** Waits for all of them, so that nothing is still written when one has failed and the folder is taken away. */
async function settled(all: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(all);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

async function copyOne(from: string, to: string, user: UnprivilegedUser | undefined): Promise<void> {
  await copyFile(from, to, constants.COPYFILE_FICLONE); // copy on write where the file system can
  if (user !== undefined) await chown(to, user.uid, user.gid);
}

async function buildCluster(binaries: Binaries, use: (cluster: string) => Promise<void>): Promise<void> {
  const building = mkdtempSync(join(reachableTemporaryFolder(binaries.user), 'drydock-building-'));
  try {
    if (binaries.user !== undefined) chownSync(building, binaries.user.uid, binaries.user.gid);
    const cluster = join(building, 'cluster');
    await run(binaries.initdb, ['-D', cluster, ...initdbArguments], binaries.user);
    await run(
      binaries.postgres,
      ['--single', '-D', cluster, '-c', 'fsync=off', '-c', 'exit_on_error=on', 'postgres'],
      binaries.user,
      leaner.map(statement => `${statement}\n`).join(''),
    );
    await use(cluster);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}

/** A cache that is full or may not be written costs the next start its time, and nothing else. */
function keep(cluster: string, template: string): void {
  const cache = dirname(template);
  let staged: string | undefined;
  try {
    mkdirSync(cache, { recursive: true });
    // Two steps, because a rename is atomic only inside one file system.
    staged = mkdtempSync(join(cache, 'staged-'));
    cpSync(cluster, join(staged, 'cluster'), { recursive: true });
    moveUnlessThere(join(staged, 'cluster'), template);
  } catch (thrown) {
    if (!isRefused(thrown)) throw thrown;
  } finally {
    if (staged !== undefined) rmSync(staged, { recursive: true, force: true });
  }
}

function isRefused(thrown: unknown): boolean {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  return ['EACCES', 'EPERM', 'EROFS', 'ENOSPC', 'EDQUOT', 'ENOTDIR', 'EEXIST'].includes(code);
}

/** When another Drydock was faster, its cluster is as good as ours. */
function moveUnlessThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (thrown) {
    if (!existsSync(join(to, 'PG_VERSION'))) throw thrown;
  }
}

function run(program: string, given: readonly string[], user: UnprivilegedUser | undefined, input = ''): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, given, {
      ...user,
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.stdin.on('error', () => {}); // it ended before it read all of it: 'close' says why
    child.on('error', thrown => reject(cannotPrepare(messageOf(thrown))));
    child.on('close', code => (code === 0 ? resolve() : reject(cannotPrepare(complaint.trim()))));
    child.stdin.end(input);
  });
}

function cannotPrepare(reason: string): DrydockError {
  return new DrydockError('replica', `The embedded Postgres could not prepare its data folder: ${reason}.`, {
    next: 'Free some space in the temporary folder and try again.',
  });
}

function cacheFolder(): string {
  return join(envPaths('drydock', { suffix: '' }).cache, 'postgres');
}
