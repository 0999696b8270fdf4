import type { Sql } from '../../core/ports.ts';
import type { Gap } from '../../core/gap.ts';
import { secretsWithin } from '../../core/secret-literals.ts';
import { quoteName } from '../../core/quote.ts';
import type { Platform } from '../../core/platform.ts';
import type { ReplayFailure, ReplayReport, SourcePlace } from '../../model/database/types.ts';
import type { MigrationFile } from './find-migrations.ts';
import { attempt, type Complaint } from './attempt.ts';
import { CodeBase, type Described } from './described-ddl.ts';
import { inSchema, LostPolicies, type LostPolicy } from './lost-policies.ts';
import { MadeAhead, type Placed } from './made-ahead.ts';
import { grantNamedCommands, roleGap } from './roles-outside.ts';
import type { StatementKind } from './statement-kind.ts';
import { loadParser, splitStatements, statementsWithin, type Statement } from './statements.ts';
import { postgisStandIn } from './postgis-stand-in.ts';
import { isForNeon, neonPrelude } from './neon-prelude.ts';
import { supabasePrelude, vectorStandIn } from './supabase-prelude.ts';

/** Where migrations made things: `table:orders`, `policy:orders/read own`, `view:…`, `function:…`. */
export type Places = ReadonlyMap<string, StatementPlace>;

/** Where a statement is, with the text of one that makes a policy or gives privileges away. */
export interface StatementPlace extends SourcePlace {
  readonly text?: string;
}

/** What a replay gives: how it went, and where everything was made. */
export interface Replayed {
  readonly report: ReplayReport;
  readonly places: Places;
  /** Tables made for want of a migration, of which nobody knows whom the database lets at their rows. */
  readonly untold: ReadonlySet<string>;
  /** Policies that the database has where it has all that the replica lacks. */
  readonly lost: readonly LostPolicy[];
  /** What was made without a migration. */
  readonly gaps: readonly Gap[];
}

/**
 * A migration that refers to Supabase's own schemas, functions or roles runs on Supabase; schemas, tables and functions of
 * those names that the migrations make themselves are the app's.
 */
export function detectPlatform(texts: readonly string[]): Platform {
  // A setting may have any name, that of a function too.
  const all = texts.join('\n').replaceAll(/\b(current_setting|set_config)\s*\(\s*'[^']*'/gi, '$1(');
  if (/\bto\s+"?(anon|authenticated|service_role)\b/i.test(all)) return 'supabase';
  const marks =
    /\b(auth)"?\s*\.\s*"?(uid|jwt|role|users|user_id|session)\b|\b(storage)"?\s*\.\s*"?(objects|buckets)\b/gi;
  const named = [...all.matchAll(marks)].map(
    ([, auth, inAuth, storage, inStorage]) => `${auth ?? storage}.${inAuth ?? inStorage}`,
  );
  return [...new Set(named.map(name => name.toLowerCase()))].every(name => isMade(name, all)) ? 'plain' : 'supabase';
}

/** Whether the migrations make the table or function, in a schema that they make as well. */
function isMade(name: string, text: string): boolean {
  const [schema = '', object = ''] = name.split('.');
  const made = new RegExp(
    `\\bcreate\\s+(?:or\\s+replace\\s+)?(?:table|function|view)\\s+(?:if\\s+not\\s+exists\\s+)?"?${schema}"?\\s*\\.\\s*"?${object}\\b`,
    'i',
  );
  return (
    made.test(text) && new RegExp(`\\bcreate\\s+schema\\s+(?:if\\s+not\\s+exists\\s+)?"?${schema}\\b`, 'i').test(text)
  );
}

/**
 * Runs every statement of the migrations in order, goes on after failures, and says which of them have their own cause. Of
 * files in no known order, a statement that came before what it names is run again after the others.
 * What migrations take for granted is made as the code describes it, or, of roles, without rights of their own.
 */
export async function replayMigrations(
  sql: Sql,
  files: readonly MigrationFile[],
  platform: Platform,
  described: Described = { tables: [], enums: [] },
): Promise<Replayed> {
  await loadParser();
  await prepareDatabase(
    sql,
    platform,
    files.map(({ text }) => text),
  );
  const parsed = files.map(({ file, text, anyOrder = false, continues = false, repeats }) => ({
    anyOrder,
    continues,
    repeats,
    placed: splitStatements(text).map((statement): Placed => ({ file, statement })),
  }));
  const ahead = new MadeAhead(parsed.filter(({ anyOrder }) => !anyOrder).flatMap(({ placed }) => placed));
  const base = new CodeBase(sql, described, name => ahead.makes(name));
  const supplied = new Map<string, Gap>();
  const places = new Map<string, StatementPlace>();
  const failed: ReplayFailure[] = [];
  const missing = new Set<string>();
  const lost = new LostPolicies();
  const early: Placed[] = [];
  let statements = 0;
  let schema = 'public';
  const plainly: Run<Placed> = ({ statement }) => runStatement(sql, statement);
  const supplying: Run<Placed> = each => runSupplied(sql, each, { base, ahead, gaps: supplied });
  const tell = ({ file, statement }: Placed, complaint: Complaint | undefined): void => {
    lost.note({ file, statement }, complaint, schema);
    if (complaint === undefined) recordPlace(places, statement, file, schema);
    else
      failed.push({
        file,
        line: statement.line,
        ...complaint,
        firstCause: isFirstCause(statement, complaint, missing),
      });
  };
  for (const { anyOrder, continues, repeats, placed } of parsed) {
    if (!continues) await startSession(sql, platform);
    if (!continues) schema = 'public';
    for (const each of placed) {
      statements += 1;
      recordSecrets(places, each);
      const complaint = await (anyOrder ? plainly : supplying)(each);
      if (/\bsearch_path\b/i.test(each.statement.text)) schema = await currentSchema(sql);
      if (anyOrder && isMissing(complaint)) early.push(each);
      else if (repeats === undefined || !isThere(complaint)) tell(each, complaint);
    }
  }
  if (files.length === 0) await base.makeAll();
  await startSession(sql, platform);
  const waiting = (await runInAnyOrder(early, plainly, tell)).map(({ item }) => item);
  for (const { item, complaint } of await runInAnyOrder(waiting, supplying, tell)) tell(item, complaint);
  await base.finish();
  await grantNamedCommands(sql, supplied);
  const gaps = [...base.gaps(), ...supplied.values()];
  return {
    report: { files: files.length, statements, failed },
    places: new Map([...base.places(), ...places]),
    untold: base.untold(),
    lost: lost.all(),
    gaps,
  };
}

/** Whether a statement names a schema, table, column, function, type or role that is not there yet. */
function isMissing(complaint: Complaint | undefined): boolean {
  return /^(?:3F000|42P01|42703|42883|42704)$/.test(complaint?.sqlstate ?? '');
}

/** Whether a statement makes what is there already. */
function isThere(complaint: Complaint | undefined): boolean {
  return /^(?:42P06|42P07|42701|42710|42723|23505)$/.test(complaint?.sqlstate ?? '');
}

/** What a statement may miss, and who has it. */
interface Supplies {
  readonly base: CodeBase;
  readonly ahead: MadeAhead;
  readonly gaps: Map<string, Gap>;
}

/** Tries a statement again as long as what it misses can be supplied; each thing once. */
async function runSupplied(sql: Sql, { file, statement }: Placed, supplies: Supplies): Promise<Complaint | undefined> {
  const { base, ahead, gaps } = supplies;
  for (;;) {
    const complaint = await runStatement(sql, statement);
    if (complaint === undefined || base.explains(complaint, statement.text) || ahead.explains(complaint))
      return undefined;
    const made = await ahead.supply(complaint, base.describes(complaint), each => runSupplied(sql, each, supplies));
    if (made) continue;
    const outside = await supplyFromOutside(sql, complaint, gaps);
    if (outside !== undefined)
      gaps.set(outside.name, { reason: outside.reason, file, line: statement.line, settles: 1 });
    else if (!(await base.supply(complaint))) return complaint;
  }
}

/** Makes a role or switches on an extension that somebody made by hand, in a dashboard or a script. */
async function supplyFromOutside(
  sql: Sql,
  { sqlstate, message }: Complaint,
  supplied: ReadonlyMap<string, Gap>,
): Promise<{ readonly name: string; readonly reason: string } | undefined> {
  if (sqlstate === '42883') return supplyFunction(sql, message, supplied);
  if (sqlstate !== '42704') return undefined;
  const role = /^role "([^"]+)"/.exec(message)?.[1];
  if (role !== undefined && (await attempt(sql, `create role ${quoteName(role)} nologin`)) === undefined)
    return roleGap(role);
  const type = /^type "?(?:\w+\.)?(\w+)"? does not exist/.exec(message)?.[1] ?? '';
  return switchOn(sql, extensionOfType[type], undefined, supplied);
}

/** A function of an extension that is on where the app runs: a dashboard or an ORM has switched it on. */
async function supplyFunction(
  sql: Sql,
  message: string,
  supplied: ReadonlyMap<string, Gap>,
): Promise<{ readonly name: string; readonly reason: string } | undefined> {
  const [, schema, name = ''] = /^function (?:"?(\w+)"?\.)?"?(\w+)"?\(/.exec(message) ?? [];
  const [extension] = Object.entries(functionsOfExtension).find(([, names]) => names.includes(name)) ?? [];
  return switchOn(sql, extension, schema, supplied);
}

async function switchOn(
  sql: Sql,
  extension: string | undefined,
  schema: string | undefined,
  supplied: ReadonlyMap<string, Gap>,
): Promise<{ readonly name: string; readonly reason: string } | undefined> {
  const name = `extension ${extension ?? ''}`;
  if (extension === undefined || supplied.has(name)) return undefined;
  const place = schema === undefined ? '' : ` with schema ${quoteName(schema)}`;
  const text = `create extension if not exists ${quoteName(extension)}${place}`;
  if ((await runExtension(sql, text, extension, schema)) !== undefined) return undefined;
  return { name, reason: `The extension '${extension}' is switched on outside the migrations.` };
}

/** Types that a schema misses where nobody switched their extension on. */
const extensionOfType: Readonly<Record<string, string>> = {
  vector: 'vector',
  halfvec: 'vector',
  geometry: 'postgis',
  geography: 'postgis',
  citext: 'citext',
  hstore: 'hstore',
  ltree: 'ltree',
};

/** Functions that defaults and conditions miss where nobody did. */
const functionsOfExtension: Readonly<Record<string, readonly string[]>> = {
  'uuid-ossp': ['uuid_generate_v1', 'uuid_generate_v1mc', 'uuid_generate_v3', 'uuid_generate_v4', 'uuid_generate_v5'],
  pg_uuidv7: ['uuid_generate_v7'],
  pgcrypto: ['crypt', 'digest', 'gen_random_bytes', 'gen_salt', 'hmac'],
  pg_trgm: ['similarity', 'word_similarity'],
  unaccent: ['unaccent'],
};

/** The schema of names that are written without one. */
async function currentSchema(sql: Sql): Promise<string> {
  const name = (await sql.query('select current_schema() as name')).rows[0]?.['name'];
  return typeof name === 'string' ? name : 'public';
}

/** Each file starts in a session of its own, as it does where migrations are applied: dumps leave settings behind. */
async function startSession(sql: Sql, platform: Platform): Promise<void> {
  await sql.query(`reset session authorization; reset all; ${settingsOf(platform)}`);
}

/** Runs statements in any order that works. */
export async function runLoosely(
  sql: Sql,
  statements: readonly string[],
): Promise<readonly (Complaint & { readonly statement: string })[]> {
  const left = await runInAnyOrder(statements, statement => runDefinition(sql, statement));
  return left.map(({ item, complaint }) => ({ ...complaint, statement: item }));
}

type Run<T> = (item: T) => Promise<Complaint | undefined>;

/** Those that fail are tried again as long as others succeed, which are told. Gives what is left. */
async function runInAnyOrder<T>(
  items: readonly T[],
  run: Run<T>,
  tell: (item: T, complaint: undefined) => void = () => {},
): Promise<readonly { readonly item: T; readonly complaint: Complaint }[]> {
  let waiting = items;
  for (;;) {
    const failed: { readonly item: T; readonly complaint: Complaint }[] = [];
    for (const item of waiting) {
      const complaint = await run(item);
      if (complaint === undefined) tell(item, undefined);
      else failed.push({ item, complaint });
    }
    if (failed.length === 0 || failed.length === waiting.length) return failed;
    waiting = failed.map(({ item }) => item);
  }
}

async function runDefinition(sql: Sql, statement: string): Promise<Complaint | undefined> {
  const extension = /^create extension if not exists "?([\w-]+)"? with schema "?(\w+)"?/.exec(statement);
  const complaint =
    extension === null
      ? await attempt(sql, statement)
      : await runExtension(sql, statement, extension[1] ?? '', extension[2]);
  return /^(42P06|42P07|42710|42723)$/.test(complaint?.sqlstate ?? '') ? undefined : complaint; // there already
}

/** Parses migrations only for the places of what they make; nothing is run. */
export async function readPlaces(files: readonly MigrationFile[]): Promise<Places> {
  await loadParser();
  const places = new Map<string, StatementPlace>();
  for (const { file, text } of files)
    for (const statement of splitStatements(text)) recordPlace(places, statement, file);
  return places;
}

/** Gives an empty database what the platform has before the first of the migrations. */
export async function prepareDatabase(sql: Sql, platform: Platform, texts: readonly string[] = []): Promise<void> {
  if (platform === 'supabase') {
    // A copy of a replayed database has all of it already.
    const known = await sql.query(`select 1 where to_regclass('auth.users') is not null`);
    if (known.rowCount === 0) await sql.query(isForNeon(texts) ? `${supabasePrelude};${neonPrelude}` : supabasePrelude);
    const name = String((await sql.query('select quote_ident(current_database()) as name')).rows[0]?.['name']);
    await sql.query(`alter database ${name} set search_path = "$user", public, extensions`);
  }
  await sql.query(settingsOf(platform));
}

function settingsOf(platform: Platform): string {
  const path = platform === 'supabase' ? '"$user", public, extensions' : '"$user", public';
  return `set search_path = ${path}; set client_min_messages = error; set statement_timeout = '60s'`;
}

async function runStatement(sql: Sql, statement: Statement): Promise<Complaint | undefined> {
  const { kind, text } = statement;
  switch (kind.kind) {
    case 'transaction':
    case 'copy':
      return undefined;
    case 'extension':
      return runExtension(sql, text, kind.name, kind.schema);
    case 'index':
      // Indexes for nearest neighbours and places change speed, never who sees what.
      if (/^(ivfflat|hnsw|diskann|bm25|rum|pgroonga|gist|spgist|brin)$/.test(kind.method)) return undefined;
      return attempt(sql, kind.concurrently ? withoutConcurrently(text) : text);
    case 'concurrently':
      return attempt(sql, withoutConcurrently(text));
    case 'role':
      return ignoring(await attempt(sql, text), '42710'); // roles outlive the database they were made in
    case 'defines':
      return kind.what === 'function' ? runFunction(sql, text) : attempt(sql, text);
    case 'revokes-on-database':
      return onThisDatabase(sql, text);
    case 'grants':
      return kind.onDatabase === true ? onThisDatabase(sql, text) : attempt(sql, text);
    case 'makes':
    case 'drops':
    case 'renames':
    case 'block':
    case 'other':
      return attempt(sql, text);
    case 'unparsed':
      return (await attempt(sql, text)) === undefined ? undefined : { sqlstate: '42601', message: kind.reason };
  }
}

function ignoring(complaint: Complaint | undefined, sqlstate: string): Complaint | undefined {
  return complaint?.sqlstate === sqlstate ? undefined : complaint;
}

/** Extensions that a server process or a foreign library carries out are stood in for by the prelude, or by a look-alike type. */
async function runExtension(
  sql: Sql,
  text: string,
  name: string,
  schema: string | undefined,
): Promise<Complaint | undefined> {
  const complaint = await attempt(sql, text);
  if (complaint === undefined) return undefined;
  if (
    /^(pg_net|pg_cron|pg_graphql|pgjwt|supabase_vault|pgsodium|pgmq|http|wrappers|index_advisor|hypopg|pg_jsonschema|pg_stat_monitor|pgaudit|pg_hashids|pgtap)$/.test(
      name,
    )
  ) {
    return undefined;
  }
  const standIn = standIns.find(candidate => candidate.extension === name);
  return standIn === undefined ? complaint : makeStandIn(sql, standIn, schema ?? 'public');
}

/** Extensions that a schema cannot do without, and which a replica does not bring. */
const standIns = [
  { extension: 'vector', is: `(select min(typname) from pg_type where typname = 'vector')`, make: vectorStandIn },
  { extension: 'postgis', is: `(select min(typname) from pg_type where typname = 'geometry')`, make: postgisStandIn },
  {
    extension: 'pg_uuidv7',
    is: `(select min(proname) from pg_proc where proname = 'uuid_generate_v7')`,
    make: uuidStandIn,
  },
] as const;

/** Keys in the order of time; of an extension, as it is where it is real. */
function uuidStandIn(schema: string): string {
  const name = `${quoteName(schema)}.uuid_generate_v7()`;
  return `create function ${name} returns uuid language sql volatile as 'select gen_random_uuid()'; alter extension plpgsql add function ${name}`;
}

async function makeStandIn(
  sql: Sql,
  { is, make }: (typeof standIns)[number],
  schema: string,
): Promise<Complaint | undefined> {
  const exists = await sql.query(`select ${is} is not null as yes`);
  if (exists.rows[0]?.['yes'] === true) return undefined;
  return (await attempt(sql, `create schema if not exists ${schema}`)) ?? attempt(sql, make(schema));
}

/** A body that refers to something a stand-in lacks is still a function; who may call it matters more than whether it runs. */
async function runFunction(sql: Sql, text: string): Promise<Complaint | undefined> {
  const complaint = await attempt(sql, text);
  if (complaint === undefined) return undefined;
  await sql.query('set check_function_bodies = off');
  const second = await attempt(sql, text);
  await sql.query('set check_function_bodies = on');
  return second;
}

/** The database has another name where it is launched, and the replica has others beside this one. */
async function onThisDatabase(sql: Sql, text: string): Promise<Complaint | undefined> {
  const name = String((await sql.query('select quote_ident(current_database()) as name')).rows[0]?.['name']);
  return attempt(sql, text.replace(/\bon\s+database\s+(?:"(?:[^"]|"")+"|\w+)/i, `on database ${name}`));
}

function withoutConcurrently(text: string): string {
  return text.replace(/\bconcurrently\b/i, '');
}

function recordPlace(places: Map<string, StatementPlace>, statement: Statement, file: string, schema = 'public'): void {
  const { kind } = statement;
  const place = { file, line: statement.line, endLine: statement.endLine };
  if (kind.kind === 'defines') {
    const key = `${kind.what}:${kind.name}`;
    const made = madePlace(kind.what, statement, file);
    // `create table if not exists` a second time makes nothing; everything else replaces what was there.
    if (kind.what !== 'table' || !places.has(key)) places.set(key, made);
    const qualified = `${kind.what}:${inSchema(kind.name, schema)}`;
    if (kind.what !== 'table' || !places.has(qualified)) places.set(qualified, made);
  }
  recordFirst(places, kind, place);
  if (kind.kind === 'grants') {
    places.set(`${kind.later ? 'default-grant' : 'grant'}:${places.size}`, { ...place, text: statement.text });
  }
  if (kind.kind === 'extension') places.set(`extension:${kind.name}`, place);
  if (kind.kind === 'renames') movePlaces(places, kind.from, kind.to);
  if (kind.kind === 'block') recordWithin(places, statement, file);
}

/** Secrets that are written out are out, whatever becomes of the statement. */
function recordSecrets(places: Map<string, StatementPlace>, { file, statement }: Placed): void {
  for (const { kind, index } of secretsWithin(statement.text)) {
    const line = statement.line + statement.text.slice(0, index).split('\n').length - 1;
    places.set(`secret:${places.size}`, { file, line, text: kind });
  }
}

/** A block may have made nothing, where something of the name was there: what is known already keeps its place. */
function recordWithin(places: Map<string, StatementPlace>, block: Statement, file: string): void {
  for (const statement of statementsWithin(block)) {
    const { kind } = statement;
    if (kind.kind !== 'defines' || places.has(`${kind.what}:${kind.name}`)) continue;
    places.set(`${kind.what}:${kind.name}`, madePlace(kind.what, statement, file));
  }
}

function madePlace(what: string, { line, endLine, text }: Statement, file: string): StatementPlace {
  return what === 'policy' ? { file, line, endLine, text } : { file, line, endLine };
}

/** How something came under its name: only the first statement can have met what somebody else made. */
function recordFirst(places: Map<string, StatementPlace>, kind: StatementKind, place: SourcePlace): void {
  if (kind.kind === 'drops')
    for (const name of kind.names) if (!places.has(`first:${name}`)) places.set(`first:${name}`, place);
  if ((kind.kind !== 'defines' && kind.kind !== 'makes') || kind.what === 'policy') return;
  if (places.has(`first:${kind.name}`)) return;
  places.set(`first:${kind.name}`, place);
  if (kind.takesAsFound === true) places.set(`found:${kind.what}:${kind.name}`, place);
}

function movePlaces(places: Map<string, StatementPlace>, from: string, to: string): void {
  for (const [key, place] of new Map(places)) {
    const [what, name] = [key.slice(0, key.indexOf(':')), key.slice(key.indexOf(':') + 1)];
    if (name !== from && !name.startsWith(`${from}/`)) continue;
    places.delete(key);
    places.set(`${what}:${to}${name.slice(from.length)}`, place);
  }
}

/** A failure about something that an earlier failed statement was to make follows from that one. */
function isFirstCause(statement: Statement, complaint: Complaint, missing: Set<string>): boolean {
  const named = [...complaint.message.matchAll(/"([^"]+)"/g)].flatMap(match => (match[1] ?? '').split('.').slice(-1));
  const isFirst = !named.some(name => missing.has(name));
  for (const name of named) missing.add(name);
  if (statement.kind.kind === 'defines') missing.add(statement.kind.name.split(/[./]/).at(-1) ?? '');
  return isFirst;
}
