import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
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
  // Small segments: less to copy for each start.
  '--wal-segsize=1',
];

/** The folder of a fresh cluster, made once for each version of Postgres and kept in the user's cache. */
export async function findTemplate(binaries: Binaries): Promise<string> {
  const key = createHash('sha256').update(initdbArguments.join('\0')).digest('hex').slice(0, 8);
  const cache = cacheFolder();
  const template = join(cache, `cluster-${binaries.version}-${process.arch}-${key}`);
  if (existsSync(join(template, 'PG_VERSION'))) return template;
  await buildTemplate(binaries, cache, template);
  return template;
}

/** Copies the template to `target` for `user`. */
export function copyTemplate(template: string, target: string, user: UnprivilegedUser | undefined): void {
  cpSync(template, target, { recursive: true, mode: 2 /* copy on write where the file system can */ });
  // Postgres refuses a data folder that others may read, and Node 22 copies folders without their mode.
  chmodSync(target, 0o700);
  if (user !== undefined) giveAway(target, user);
}

async function buildTemplate(binaries: Binaries, cache: string, template: string): Promise<void> {
  const building = mkdtempSync(join(reachableTemporaryFolder(binaries.user), 'drydock-building-'));
  try {
    if (binaries.user !== undefined) chownSync(building, binaries.user.uid, binaries.user.gid);
    const cluster = join(building, 'cluster');
    await runInitdb(binaries, cluster);
    mkdirSync(cache, { recursive: true });
    // Two steps, because a rename is atomic only inside one file system.
    const staged = mkdtempSync(join(cache, 'staged-'));
    cpSync(cluster, join(staged, 'cluster'), { recursive: true });
    moveUnlessThere(join(staged, 'cluster'), template);
    rmSync(staged, { recursive: true, force: true });
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
}

/** When another Drydock was faster, its cluster is as good as ours. */
function moveUnlessThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (thrown) {
    if (!existsSync(join(to, 'PG_VERSION'))) throw thrown;
  }
}

function runInitdb(binaries: Binaries, cluster: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(binaries.initdb, ['-D', cluster, ...initdbArguments], {
      ...binaries.user,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    child.on('error', thrown => reject(cannotPrepare(messageOf(thrown))));
    child.on('close', code => (code === 0 ? resolve() : reject(cannotPrepare(complaint.trim()))));
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

function giveAway(folder: string, user: UnprivilegedUser): void {
  chownSync(folder, user.uid, user.gid);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) giveAway(path, user);
    else chownSync(path, user.uid, user.gid);
  }
}
