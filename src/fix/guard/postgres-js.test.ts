import { expect, test } from 'vitest';
import { openSources } from '../source/source-set.ts';
import { openApp } from './app.ts';
import { appFiles } from './files.ts';

const membership = { table: 'member', user: 'user_id', tenant: 'team_id' };

interface Moved {
  readonly notes: readonly string[];
  readonly text: (file: string) => string | undefined;
}

/** The guard written into an app of postgres.js. */
function moved(files: Readonly<Record<string, string>>): Moved {
  const all: Readonly<Record<string, string>> = { 'package.json': packages, ...files };
  const texts = { files: Object.keys(all), read: (file: string) => all[file] };
  const app = openApp(texts, openSources(texts), 'lib/guard.ts');
  const { changes, notes } = appFiles({
    app,
    library: undefined,
    membership,
    types: { tenant: 'uuid', user: 'uuid' },
    authRole: false,
  });
  return { notes, text: file => changes.find(change => change.file === file)?.after };
}

const packages = '{\n  "dependencies": {\n    "drizzle-orm": "0.45.4",\n    "postgres": "3.4.9"\n  }\n}\n';
const db = `import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import * as schema from './schema';

const client = postgres(process.env.DATABASE_URL!, { max: 5, prepare: false, idle_timeout: 20, connect_timeout: wait, ssl: 'require' });
export const db = drizzle(client, { schema });
`;

test('a database of Drizzle on postgres.js goes to node-postgres, with its options in the other names', () => {
  const { text } = moved({ 'lib/db.ts': db });
  expect(text('lib/db.ts')).toBe(`import { drizzle } from 'drizzle-orm/node-postgres';
import { openPool } from './guard';
import * as schema from './schema';

const client = openPool({ connectionString: process.env.DATABASE_URL!, max: 5, idleTimeoutMillis: 20_000, connectionTimeoutMillis: wait * 1000, ssl: { rejectUnauthorized: false } });
export const db = drizzle(client, { schema });
`);
  expect(text('package.json')).not.toContain('"postgres"');
  expect(text('package.json')).toContain('"pg": "^8.21.0"');
});

test('a client kept over reloads changes its type too, and so does the type of the database elsewhere', () => {
  const { text } = moved({
    'lib/db.ts': `import { drizzle } from "drizzle-orm/postgres-js";
import postgres from "postgres";

const globalForDb = globalThis as unknown as { conn: postgres.Sql | undefined };
const conn = globalForDb.conn ?? postgres(process.env.DATABASE_URL ?? "");
if (process.env.NODE_ENV !== "production") globalForDb.conn = conn;
export const db = drizzle(conn);
`,
    'lib/notes.ts': `import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
export const count = (db: PostgresJsDatabase) => db.$count(notes);
`,
  });
  expect(text('lib/db.ts')).toBe(`import { drizzle } from "drizzle-orm/node-postgres";
import type { Pool } from "pg";
import { openPool } from "./guard";

const globalForDb = globalThis as unknown as { conn: Pool | undefined };
const conn = globalForDb.conn ?? openPool({ connectionString: process.env.DATABASE_URL ?? "" });
if (process.env.NODE_ENV !== "production") globalForDb.conn = conn;
export const db = drizzle(conn);
`);
  expect(text('lib/notes.ts')).toBe(`import type { NodePgDatabase } from 'drizzle-orm/node-postgres';
export const count = (db: NodePgDatabase) => db.$count(notes);
`);
});

test.each([
  [
    'drizzle(process.env.DATABASE_URL!, { schema })',
    'drizzle(openPool({ connectionString: process.env.DATABASE_URL! }), { schema })',
  ],
  [
    'drizzle({ connection: { url, max: 3 }, casing })',
    'drizzle({ client: openPool({ connectionString: url, max: 3 }), casing })',
  ],
  ['drizzle(postgres(url), { schema })', 'drizzle(openPool({ connectionString: url }), { schema })'],
  [
    'drizzle({ client: postgres({ host, username, pass: secret }) })',
    'drizzle({ client: openPool({ host, user: username, password: secret }) })',
  ],
])('%s makes its pool with the guard', (before, after) => {
  const { text } = moved({
    'lib/db.ts': `import { drizzle } from 'drizzle-orm/postgres-js';\nimport postgres from 'postgres';\nexport const db = ${before};\n`,
  });
  expect(text('lib/db.ts')).toContain(`export const db = ${after};`);
  expect(text('lib/db.ts')).toContain("import { openPool } from './guard';");
});

test('an option without an equal is named with its place, and none is dropped in silence', () => {
  const { notes } = moved({
    'lib/db.ts': `import postgres from 'postgres';
export const sql = postgres(url, { transform: postgres.camel, onnotice: () => {}, connection: { timezone: 'UTC' } });
`,
  });
  expect(notes.join('\n')).toContain("lib/db.ts:2: 'transform: postgres.camel' of postgres.js has no equal");
  expect(notes.join('\n')).toContain("lib/db.ts:2: the setting 'timezone: 'UTC''");
});

test('what execute gives is read from its rows, and counts by their other name', () => {
  const { text, notes } = moved({
    'lib/db.ts': db,
    'lib/notes.ts': `import { sql } from 'drizzle-orm';
import { db } from './db';

export async function list() {
  const rows = await db.execute<{ id: string }>(sql\`select id from notes\`);
  const first = (await db.execute(sql\`select 1 as one\`))[0];
  await db.execute(sql\`refresh materialized view totals\`);
  const done = await db.execute(sql\`delete from notes\`);
  const gone = await db.delete(notes);
  const [a, b] = await Promise.all([db.execute(sql\`select 1\`), db.execute(sql\`select 2\`)]);
  return { rows, first, a, b, done: done.count, gone: gone.count };
}
export const inside = () => db.transaction(async tx => tx.execute(sql\`select 3\`));
export const prepared = query.execute({ id: 1 });
export async function both() {
  const result = await db.execute(sql\`select 4\`);
  return [result.count, result.map(row => row.id)];
}
`,
  });
  expect(text('lib/notes.ts')).toBe(`import { sql } from 'drizzle-orm';
import { db } from './db';

export async function list() {
  const rows = (await db.execute<{ id: string }>(sql\`select id from notes\`)).rows;
  const first = (await db.execute(sql\`select 1 as one\`)).rows[0];
  await db.execute(sql\`refresh materialized view totals\`);
  const done = await db.execute(sql\`delete from notes\`);
  const gone = await db.delete(notes);
  const [a, b] = await Promise.all([db.execute(sql\`select 1\`).then(result => result.rows), db.execute(sql\`select 2\`).then(result => result.rows)]);
  return { rows, first, a, b, done: (done.rowCount ?? 0), gone: (gone.rowCount ?? 0) };
}
export const inside = () => db.transaction(async tx => tx.execute(sql\`select 3\`).then(result => result.rows));
export const prepared = query.execute({ id: 1 });
export async function both() {
  const result = await db.execute(sql\`select 4\`);
  return [result.count, result.map(row => row.id)];
}
`);
  expect(notes.filter(note => note.startsWith('lib/notes.ts'))).toEqual([
    'lib/notes.ts:16: the answer of execute is { rows, rowCount } now; both are used there.',
  ]);
});

test('plain queries of postgres.js itself become queries with parameters', () => {
  const { text } = moved({
    'lib/sql.ts': `import postgres from 'postgres';
export const sql = postgres(process.env.DATABASE_URL!);
`,
    'lib/notes.ts': `import { sql } from './sql';

interface Note { id: string }
export async function find(id: string, tags: string[]) {
  const [note] = await sql<Note[]>\`select * from notes where id = \${id} and title <> 'it''s'\`;
  await sql\`
    update notes
    set tags = \${sql.json(tags)}
    where id = \${id}
  \`;
  const name = (await sql\`select name from users\`)[0].name;
  return [note, name, await sql.unsafe('select 1', [id])];
}
export const all = async () => sql\`select * from notes\`;
`,
  });
  expect(text('lib/sql.ts')).toBe(`import { openPool } from './guard';
export const sql = openPool({ connectionString: process.env.DATABASE_URL! });
`);
  expect(text('lib/notes.ts')).toBe(`import { sql } from './sql';

interface Note { id: string }
export async function find(id: string, tags: string[]) {
  const [note] = (await sql.query<Note>("select * from notes where id = $1 and title <> 'it''s'", [id])).rows;
  await sql.query(\`
    update notes
    set tags = $1
    where id = $2
  \`, [JSON.stringify(tags), id]);
  const name = (await sql.query('select name from users')).rows[0].name;
  return [note, name, (await sql.query('select 1', [id])).rows];
}
export const all = async () => sql.query('select * from notes').then(result => result.rows);
`);
});

test('what only postgres.js can do stays there, in a transaction that carries who is asking', () => {
  const { text, notes } = moved({
    'lib/db.ts': `import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';

export const sql = postgres(process.env.DATABASE_URL!, { max: 4 });
export const db = drizzle(sql);
`,
    'lib/notes.ts': `import { sql } from './db';

export async function save(rows: object[], id: string) {
  await sql.begin(async tx => {
    await tx\`delete from notes\`;
  });
  await sql\`insert into notes \${sql(rows)}\`;
  return sql\`select * from notes where id = \${id}\`;
}
export const watch = () => sql.listen('notes', console.log);
`,
  });
  expect(text('lib/db.ts')).toBe(`import { guardBegin } from '@drydock/guard/postgres-js';
import { drizzle } from 'drizzle-orm/node-postgres';
import postgres from 'postgres';
import { openPool, policy } from './guard';

export const sql = postgres(process.env.DATABASE_URL!, { max: 4 });

/** A transaction of postgres.js that carries who is asking. */
export const begin = guardBegin<postgres.TransactionSql>(sql, policy);
export const db = drizzle(openPool({ connectionString: process.env.DATABASE_URL!, max: 4 }));
`);
  expect(text('lib/notes.ts')).toContain(`import { begin, sql } from './db';

export async function save(rows: object[], id: string) {
  await begin(async tx => {
    await tx\`delete from notes\`;
  });
  await begin(sql => sql\`insert into notes \${sql(rows)}\`);
  return begin(async sql => sql\`select * from notes where id = \${id}\`);
}`);
  expect(text('lib/guard.ts')).toContain('export const policy = {');
  expect(notes.join('\n')).toContain("lib/notes.ts:10 uses postgres.js ('listen' of postgres.js)");
});

test('scripts run as the owner and keep their own postgres.js', () => {
  const script = `import { drizzle } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
const db = drizzle(postgres(process.env.DATABASE_URL!));
await db.execute('select 1');
`;
  const { text, notes } = moved({ 'lib/db.ts': db, 'scripts/seed.ts': script });
  expect(text('scripts/seed.ts')).toBeUndefined();
  expect(text('package.json')).toContain('"postgres"');
  expect(notes.join('\n')).toContain("'scripts/seed.ts' keeps postgres.js");
});
