import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { PGlite, PGliteOptions } from '@electric-sql/pglite';
import envPaths from 'env-paths';

import { DrydockError, messageOf } from '../../core/error.ts';
import type { Replica, ReplicaDatabase, Sql, SqlResult } from '../../core/ports.ts';

type Extensions = NonNullable<PGliteOptions['extensions']>;

/** Contributed modules that PGlite brings, by the file that loads them. */
const contributed = [
  'btree_gin',
  'btree_gist',
  'citext',
  'cube',
  'earthdistance',
  'fuzzystrmatch',
  'hstore',
  'intarray',
  'isn',
  'ltree',
  'moddatetime',
  'pg_stat_statements',
  'pg_trgm',
  'pgcrypto',
  'seg',
  'tablefunc',
  'unaccent',
  'uuid_ossp',
] as const;

/** Types whose values stay text, as they do with the driver for the native server: dates, times, bigint, numeric. */
const textTypes = [20, 1082, 1083, 1114, 1184, 1266, 1700] as const;

/**
 * Postgres as WebAssembly, in this process: for machines without a native binary, and for `vector`, which that one does
 * not bring. It has one session for each database and none from outside, so no app can run on it.
 * https://pglite.dev
 */
export async function startPglite(): Promise<Replica> {
  const loaded = await load();
  const seed = await emptyCluster(loaded);
  const open = new Map<string, PGlite>();
  const first = await makeDatabase(loaded, seed);
  const version = String(
    (await first.query<{ server_version: string }>('show server_version')).rows[0]?.server_version,
  );
  let spare: PGlite | undefined = first;
  let counter = 0;
  return {
    version,
    createDatabase: async ({ template } = {}) => {
      counter += 1;
      const name = `drydock_${counter}`;
      const source = template === undefined ? undefined : open.get(template);
      const fresh = spare;
      if (source === undefined) spare = undefined;
      const database =
        source === undefined
          ? (fresh ?? (await makeDatabase(loaded, seed)))
          : await makeDatabase(loaded, await source.dumpDataDir('none'));
      open.set(name, database);
      return replicaDatabase(name, database, () => open.delete(name));
    },
    stop: async () => {
      const all = [...open.values(), ...(spare === undefined ? [] : [spare])];
      open.clear();
      spare = undefined;
      for (const database of all) if (!database.closed) await database.close();
    },
  };
}

interface Loaded {
  readonly create: (options: PGliteOptions) => Promise<PGlite>;
  readonly extensions: Extensions;
  readonly version: string;
}

async function load(): Promise<Loaded> {
  try {
    const { PGlite: Database } = await import('@electric-sql/pglite');
    const extensions: Extensions = {};
    for (const name of contributed) Object.assign(extensions, await import(`@electric-sql/pglite/contrib/${name}`));
    Object.assign(extensions, await vectors());
    return { create: options => Database.create(options), extensions, version: versionOf('@electric-sql/pglite') };
  } catch (thrown) {
    throw new DrydockError('replica', `Postgres as WebAssembly could not be loaded: ${messageOf(thrown)}.`, {
      next: "Install the optional package '@electric-sql/pglite'.",
      cause: thrown,
    });
  }
}

/** pgvector, where it is installed. */
async function vectors(): Promise<Extensions> {
  try {
    const { vector } = await import('@electric-sql/pglite-pgvector');
    return { vector };
  } catch {
    return {};
  }
}

function versionOf(name: string): string {
  const main = createRequire(import.meta.url).resolve(name);
  const file = join(main.slice(0, main.lastIndexOf(`${join('pglite', 'dist')}`)), 'pglite', 'package.json');
  const parsed: unknown = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  return typeof parsed === 'object' && parsed !== null && 'version' in parsed ? String(parsed.version) : 'unknown';
}

/** The files of an empty cluster, made once for each version and kept in the user's cache: seconds less for each start. */
async function emptyCluster(loaded: Loaded): Promise<Blob> {
  const folder = join(envPaths('drydock', { suffix: '' }).cache, 'postgres');
  const file = join(folder, `pglite-${loaded.version}.tar`);
  if (existsSync(file)) return new Blob([readFileSync(file)]);
  const database = await loaded.create({ extensions: loaded.extensions });
  const dump = await database.dumpDataDir('none');
  await database.close();
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${file}.${process.pid}`, new Uint8Array(await dump.arrayBuffer()));
    renameSync(`${file}.${process.pid}`, file);
  } catch {
    // A cache that cannot be written costs the next start its time, and nothing else.
  }
  return dump;
}

async function makeDatabase({ create, extensions }: Loaded, loadDataDir: Blob): Promise<PGlite> {
  const parsers = Object.fromEntries(textTypes.map(type => [type, (text: string) => text]));
  return create({ loadDataDir, extensions, parsers });
}

function replicaDatabase(name: string, database: PGlite, onDrop: () => void): ReplicaDatabase {
  return {
    name,
    get url(): string {
      throw new DrydockError('replica', 'Postgres as WebAssembly cannot be reached from outside this process.', {
        next: 'An app runs only on the native Postgres: leave out --replica pglite.',
      });
    },
    sql: sqlOf(database),
    drop: async () => {
      onDrop();
      if (!database.closed) await database.close();
    },
  };
}

function sqlOf(database: PGlite): Sql {
  return {
    query: async (text, values) => {
      const results =
        values === undefined || values.length === 0
          ? await database.exec(text)
          : [await database.query<Record<string, unknown>>(text, [...values])];
      return toResult(results.at(-1));
    },
  };
}

function toResult(
  result: { readonly rows: readonly unknown[]; readonly affectedRows?: number } | undefined,
): SqlResult {
  const rows = (result?.rows ?? []).filter(isRow);
  return { rows, rowCount: rows.length > 0 ? rows.length : (result?.affectedRows ?? 0) };
}

function isRow(row: unknown): row is Readonly<Record<string, unknown>> {
  return typeof row === 'object' && row !== null;
}
