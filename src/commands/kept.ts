import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import envPaths from 'env-paths';

import { isFolder, skippedFolders, sourceName } from '../collect/source/files.ts';
import { workspaceRootOf } from '../collect/source/workspace.ts';
import { compareText } from '../core/place.ts';
import { redact } from '../core/redact.ts';
import { drydockVersion } from '../report/version.ts';

/** What a result depends on besides the files of the workspace: what was asked, and for which folder. */
export interface Asked {
  readonly what: string;
  readonly root: string;
  /** Files or folders of migrations, which may lie outside the workspace. */
  readonly migrations?: readonly string[];
}

/** One file as it was: path, bytes, time of the last change in milliseconds; and its content's SHA-256. */
type Seen = readonly [path: string, size: number, changed: number, hash: string];

/** A file that was not opened yet. */
type Listed = readonly [path: string, size: number, changed: number];

interface Head {
  readonly drydock: string;
  readonly files: readonly Seen[];
}

/** All that is read of what tools put out. */
const migration = /\.sql$|[\\/](?:_journal\.json|migrations?[\\/].*)$/i;
const longestKept = 14 * 24 * 3600 * 1000;
const mostKept = 20;

/** Where results are kept unless another folder is given. */
function cacheFolder(): string {
  return join(envPaths('drydock', { suffix: '' }).cache, 'traces');
}

/**
 * A result that stays true as long as no file of the workspace changes and Drydock itself does not. It lies in the user's
 * cache folder, readable by the user alone, with passwords and keys taken out; whatever is wrong with it, it is as if it
 * were not there.
 */
export class Kept<T> {
  readonly #file: string;
  readonly #folder: string;
  readonly #roots: readonly string[];
  readonly #before: readonly Listed[];

  constructor({ what, root, migrations }: Asked, folder = cacheFolder()) {
    const workspace = workspaceRootOf(resolve(root));
    const given = (migrations ?? []).flatMap(path => [resolve(root, path), resolve(path)]);
    this.#roots = [workspace, ...given];
    this.#before = this.#roots.flatMap(listed);
    this.#folder = folder;
    const name = sha256(JSON.stringify([what, resolve(root), this.#roots, migrations ?? []])).slice(0, 24);
    this.#file = join(this.#folder, `${name}.gz`);
  }

  /** The result, when it still holds. */
  recall(): T | undefined {
    try {
      const bytes = readFileSync(this.#file);
      const headBytes = bytes.readUInt32BE(0);
      const head = JSON.parse(gunzipSync(bytes.subarray(4, 4 + headBytes)).toString('utf8')) as Head;
      if (head.drydock !== ownCode() || !isSame(head.files, this.#before)) return undefined;
      return JSON.parse(gunzipSync(bytes.subarray(4 + headBytes)).toString('utf8')) as T;
    } catch {
      return undefined;
    }
  }

  /** Keeps a result that was made since this object was, unless a file changed meanwhile. */
  keep(result: T): void {
    try {
      const now = this.#roots.flatMap(listed);
      if (JSON.stringify(now) !== JSON.stringify(this.#before)) return;
      const files = this.#before.map(([path, size, changed]): Seen => [path, size, changed, hashOf(path)]);
      const head = gzipSync(JSON.stringify({ drydock: ownCode(), files } satisfies Head), { level: 1 });
      const size = Buffer.alloc(4);
      size.writeUInt32BE(head.length);
      const body = gzipSync(withoutSecrets(result), { level: 1 });
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const draft = `${this.#file}.${process.pid}`;
      writeFileSync(draft, Buffer.concat([size, head, body]), { mode: 0o600 });
      renameSync(draft, this.#file);
      tidy(this.#folder);
    } catch {
      // A folder that cannot be written to costs the next run its time, and nothing else.
    }
  }
}

/** Every file that an analysis may look at, sorted by path. */
function listed(root: string): readonly Listed[] {
  const found: Listed[] = [];
  const note = (path: string): void => {
    const status = statSync(path, { throwIfNoEntry: false });
    if (status?.isFile() === true) found.push([path, status.size, status.mtimeMs]);
  };
  const walk = (folder: string, isOutput: boolean): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const { name } = entry;
      const path = join(folder, name);
      if (entry.isDirectory()) {
        if (name !== 'node_modules' && !name.startsWith('.')) walk(path, isOutput || skippedFolders.has(name));
      } else if (sourceName.test(name) && (!isOutput || migration.test(path))) note(path);
    }
  };
  if (isFolder(root)) walk(root, false);
  else note(root);
  return found.toSorted(([one], [other]) => compareText(one, other));
}

/** The same files with the same content; those that were only touched are read. */
function isSame(kept: readonly Seen[], now: readonly Listed[]): boolean {
  return (
    kept.length === now.length &&
    kept.every(([path, size, changed, hash], index) => {
      const other = now[index];
      if (other === undefined || other[0] !== path || other[1] !== size) return false;
      return other[2] === changed || hashOf(path) === hash;
    })
  );
}

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('base64');
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Which Drydock this is: its version, and the state of its files where somebody works on it. */
function ownCode(): string {
  const folder = fileURLToPath(new URL('..', import.meta.url));
  return `${drydockVersion} ${sha256(JSON.stringify(listed(folder)))}`;
}

/** Code lines stand in results, and literals of all kinds in code. */
function withoutSecrets(result: unknown): string {
  const known = new Map<string, string>();
  const hidden = (text: string): string => {
    const told = known.get(text) ?? redact(text);
    known.set(text, told);
    return told;
  };
  return JSON.stringify(result, (_name, value: unknown) => (typeof value === 'string' ? hidden(value) : value));
}

/** What was not asked for in two weeks goes, and more than a few. */
function tidy(folder: string): void {
  const files = readdirSync(folder)
    .map(name => ({ path: join(folder, name), changed: statSync(join(folder, name)).mtimeMs }))
    .toSorted((one, other) => other.changed - one.changed);
  for (const [index, { path, changed }] of files.entries())
    if (index >= mostKept || Date.now() - changed > longestKept) rmSync(path, { force: true });
}
