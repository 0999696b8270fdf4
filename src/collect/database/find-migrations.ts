import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { parse as parseToml } from 'smol-toml';
import { globSync } from 'tinyglobby';
import { DrydockError } from '../../core/error.ts';
import { compareText } from '../../core/place.ts';
import { withoutComments, writtenTable } from '../../core/sql-text.ts';
import { statementsOfCode } from './migration-code.ts';
import { byNumber, inMigrationOrder } from './migration-order.ts';
import { otherPackageOf } from './other-package.ts';
import { readSqlText } from './sql-file.ts';
import { otherMigrations, unreadMigrations } from './unread-migrations.ts';
import { workspaceRootOf } from '../source/workspace.ts';
import { copiesInPlace, saysWhen } from './repeated-files.ts';
import { entryScripts, includedBy, withIncludes } from './psql-includes.ts';

/** A migration as it lies in the repository. */
export interface MigrationFile {
  /** Relative to the target's root, with `/`. */
  readonly file: string;
  readonly text: string;
  /** Nothing says when it runs: neither a journal nor a number in its name. */
  readonly anyOrder?: true;
  /** Runs in the session of the file before it, which includes it. */
  readonly continues?: true;
  /** Says again what numbered files say, up to the one of this name: most of it is there already. */
  readonly repeats?: string;
}

/** The migrations of an app, in the order in which they apply as far as anything says one. */
export interface MigrationSet {
  readonly kind: 'supabase' | 'drizzle' | 'prisma' | 'plain' | 'code';
  /** Relative to the target's root. */
  readonly folder: string;
  readonly files: readonly MigrationFile[];
  /** The schemas that Supabase's API serves, where `config.toml` lies beside the migrations. */
  readonly exposedSchemas?: readonly string[];
}

/** Copies, samples and what is run only to look or to fill make no schema. */
export const aside =
  /(?:^|[/_.-])(?:archived?|backups?|bak|deprecated|docs?|examples?|fixtures?|legacy|old|samples?|scripts?|seeds?|tests?|tmp)(?=[/_.-])/i;

/** What is known of the app whose migrations are looked for. */
export interface DescribedApp {
  /** The tables that its code describes. */
  readonly tables?: readonly string[];
  /** The folder that the user named; the app's own where nothing else is said. */
  readonly named?: string;
  /** Whether its code tells policies, and so needs no other's. */
  readonly tellsPolicies?: boolean;
}

const ignored = ['**/node_modules/**', '**/.next/**', '**/.drydock/**', '**/dist/**', '**/.git/**'];

/**
 * Finds the migrations of the app at `root`, or reads those in `given` (a file or folder, relative to root or absolute).
 * Where several are found, in the app's folder, in the workspace around it and in the folder that the user named, those
 * that make most of the app's tables win; of an app whose code tells its policies, those of other apps do not count.
 */
export function findMigrations(root: string, given?: string, app: DescribedApp = {}): MigrationSet {
  const found = given === undefined ? searchAround(root, app) : readGiven(root, given);
  if (found !== undefined && hasStatements(found)) return found;
  const where = given ?? root;
  const looked = given === undefined ? candidatesIn(root) : [found];
  if (looked.some(set => set !== undefined && set.files.length > 0))
    throw new DrydockError('no-migrations', `The SQL files in ${where} hold no statement.`, {
      next: 'Look whether they were written to the end, or name others with --migrations <folder>.',
    });
  const unread = unreadMigrations(glob(root, otherMigrations).map(toSlashes));
  throw new DrydockError(
    'no-migrations',
    [given === undefined ? `There are no SQL migrations in ${root}.` : `There are no SQL files in ${given}.`]
      .concat(unread?.what ?? [])
      .join(' '),
    {
      next:
        unread?.next ??
        'Name them with --migrations <folder>, write them with `drizzle-kit export` or `pg_dump --schema-only`, or give --database-url.',
    },
  );
}

/** A file may be left empty; where all of them are, nothing would be judged and nothing found. */
function hasStatements({ files }: MigrationSet): boolean {
  return files.some(({ text }) => /[^\s;]/.test(withoutComments(text)));
}

/** The app's own migrations before those of the workspace, unless others make more of the tables that the code names. */
function searchAround(
  root: string,
  { tables = [], named = root, tellsPolicies = false }: DescribedApp,
): MigrationSet | undefined {
  const wanted = new Set(tables.map(bareName));
  const all = migrationSetsAround(root, named).filter(
    ({ folder }) => !tellsPolicies || otherPackageOf(root, join(root, folder)) === undefined,
  );
  if (wanted.size === 0) return all[0] ?? findCode(root)[0];
  const shared = (set: MigrationSet): number => tablesMadeBy(set).filter(name => wanted.has(name)).length;
  const changed = (set: MigrationSet): number => tablesTakenForGranted(set).filter(name => wanted.has(name)).length;
  const best = (scoreOf: (set: MigrationSet) => number): MigrationSet | undefined => {
    const scored = all.map(set => ({ set, score: scoreOf(set) })).filter(({ score }) => score > 0);
    return scored.toSorted((left, right) => right.score - left.score)[0]?.set;
  };
  // Code is not read whole: it stands only for what describes no table that it does not make.
  return best(shared) ?? findCode(root).find(set => shared(set) === wanted.size) ?? best(changed);
}

/** The lists of migrations of the app, then those of the workspace around it and of the folder that the user named. */
export function migrationSetsAround(root: string, named: string): readonly MigrationSet[] {
  const [workspace = root] = [workspaceRootOf(root), named].toSorted((left, right) => left.length - right.length);
  const own = candidatesIn(root);
  const around = workspace === root ? [] : candidatesIn(workspace).map(set => relativeTo(root, workspace, set));
  return [...own, ...around].filter(hasStatements);
}

const notPostgres = /\bENGINE\s*=|\bAUTO_INCREMENT\b|\bcreate\s+table\s+(?:if\s+not\s+exists\s+)?`/i;

/** Migrations that are written in code, as the statements that they run. */
function findCode(root: string): readonly MigrationSet[] {
  const files = glob(root, '**/{migrations,migration,Migrations}/**/*.{js,ts,cjs,mjs,cts,mts}').filter(
    file => !/\.d\.\w+$|\.(?:test|spec)\.\w+$/.test(file),
  );
  const found = [...new Set(files.map(file => toSlashes(dirname(file))))];
  return found.flatMap((folder): readonly MigrationSet[] => {
    const own = files.filter(file => toSlashes(dirname(file)) === folder).toSorted(inOrder);
    const read = own.map(file => ({ file: toSlashes(file), text: textOfCode(root, file) }));
    const made = read.filter(({ text }) => text !== '');
    const isOther = made.some(({ text }) => notPostgres.test(text));
    return made.length === 0 || isOther ? [] : [{ kind: 'code', folder, files: made }];
  });
}

/** TypeORM writes the time last into the name of a class, and first into that of its file. */
function inOrder(left: string, right: string): number {
  return compareText(basename(left), basename(right));
}

/** Each statement on the line of the code that runs it. */
function textOfCode(root: string, file: string): string {
  const lines: string[] = [];
  for (const { sql, line } of statementsOfCode(file, readFileSync(join(root, file), 'utf8'))) {
    const at = Math.max(line - 1, 0);
    const plain = sql.includes('$$') ? sql : sql.replaceAll(/--[^\n]*/g, '').replaceAll(/\s*\n\s*/g, ' ');
    lines[at] = `${lines[at] ?? ''}${plain}; `;
  }
  return Array.from(lines, line => line ?? '').join('\n');
}

function relativeTo(root: string, from: string, set: MigrationSet): MigrationSet {
  const moved = (path: string): string => toSlashes(relative(root, join(from, path)));
  return { ...set, folder: moved(set.folder), files: set.files.map(each => ({ ...each, file: moved(each.file) })) };
}

/** Names after `create table`, without schema and quotes. */
export function tablesMadeBy({ files }: Pick<MigrationSet, 'files'>): readonly string[] {
  const made = /\bcreate\s+table\s+(?:if\s+not\s+exists\s+)?((?:["`]?\w+["`]?\s*\.\s*)?["`]?\w+["`]?)/gi;
  return [...new Set(files.flatMap(({ text }) => [...text.matchAll(made)].map(match => bareName(match[1] ?? ''))))];
}

/** Tables, without schema and quotes, that migrations change or refer to and do not make. */
export function tablesTakenForGranted({ files }: Pick<MigrationSet, 'files'>): readonly string[] {
  const changes = new RegExp(
    String.raw`\balter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?${writtenTable}|\bcreate\s+policy\s+(?:"[^"]+"|\w+)\s+on\s+${writtenTable}|\breferences\s+${writtenTable}\s*\(`,
    'gi',
  );
  const made = new Set(tablesMadeBy({ files }));
  const changed = files.flatMap(({ text }) =>
    [...withoutComments(text).matchAll(changes)].map(match => match[1] ?? match[2] ?? match[3] ?? ''),
  );
  const own = changed.filter(each => !/^"?(?:auth|storage|realtime|cron|vault|extensions)"?\s*\./i.test(each));
  return [...new Set(own.map(bareName))].filter(each => !made.has(each));
}

/** Every SQL file below `root`, in the order of their names. */
export function readSqlFiles(root: string): readonly MigrationFile[] {
  return glob(root, '**/*.sql').map(file => readOne(root, file));
}

/** A table's name without schema and quotes. */
export function bareName(name: string): string {
  return name.replaceAll(/["`\s]/g, '').replace(/^.*\./, '');
}

function search(root: string): MigrationSet | undefined {
  return candidatesIn(root)[0];
}

function candidatesIn(root: string): readonly MigrationSet[] {
  return [
    ...findSupabase(root),
    ...findSupabaseSchemas(root),
    ...findDrizzle(root),
    ...findPrisma(root),
    ...findPairs(root),
    ...findPlain(root),
    ...findScripts(root),
  ];
}

function findSupabase(root: string): readonly MigrationSet[] {
  return folders(root, '**/supabase/migrations/*.sql').map(folder => ({
    kind: 'supabase',
    folder,
    files: copiesInPlace(readFolder(root, folder)),
    ...exposedSchemas(join(root, dirname(folder), 'config.toml')),
  }));
}

/**
 * Schemas that are declared and not migrated yet: `supabase/schemas`, in the order of `schema_paths` in `config.toml`, or of
 * their names. https://supabase.com/docs/guides/local-development/declarative-database-schemas
 */
function findSupabaseSchemas(root: string): readonly MigrationSet[] {
  const files = glob(root, '**/supabase/schemas/**/*.sql').map(file => toSlashes(file));
  return [...new Set(files.map(file => file.slice(0, file.lastIndexOf('supabase/schemas/') + 'supabase'.length)))].map(
    around => {
      const paths = schemaPaths(join(root, around, 'config.toml'));
      const patterns = paths.length === 0 ? ['schemas/**/*.sql'] : paths;
      const found = [...new Set(patterns.flatMap(pattern => glob(join(root, around), pattern.replace(/^\.\//, ''))))];
      // What changes them is written where migrations go.
      const folder = `${around}/migrations`;
      const files = found.map(file => readOne(root, join(around, file)));
      return { kind: 'supabase', folder, files, ...exposedSchemas(join(root, around, 'config.toml')) };
    },
  );
}

function schemaPaths(file: string): readonly string[] {
  const migrations = tableIn(tableIn(readConfig(file), 'db'), 'migrations');
  return textsIn(migrations, 'schema_paths') ?? [];
}

/** https://supabase.com/docs/guides/local-development/cli/config#api.schemas; nothing is said where there is no file. */
function exposedSchemas(file: string): Pick<MigrationSet, 'exposedSchemas'> {
  const config = readConfig(file);
  if (config === undefined) return {};
  return { exposedSchemas: textsIn(tableIn(config, 'api'), 'schemas') ?? ['public', 'graphql_public'] };
}

type Toml = Readonly<Record<string, unknown>>;

function readConfig(file: string): Toml | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return parseToml(readFileSync(file, 'utf8'));
  } catch {
    return undefined; // a file with a mistake tells nothing; names do
  }
}

function tableIn(table: Toml | undefined, name: string): Toml | undefined {
  const value = table?.[name];
  return isTable(value) ? value : undefined;
}

function textsIn(table: Toml | undefined, name: string): readonly string[] | undefined {
  const value = table?.[name];
  return Array.isArray(value) ? value.filter(text => typeof text === 'string') : undefined;
}

function isTable(value: unknown): value is Toml {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** drizzle-kit writes the order into `meta/_journal.json`; older and newer layouts are sorted by name. */
function findDrizzle(root: string): readonly MigrationSet[] {
  return glob(root, '**/meta/_journal.json').map(journal => {
    const folder = dirname(dirname(journal));
    const tags = readJournal(join(root, journal));
    const files = tags?.map(tag => join(folder, `${tag}.sql`)).filter(file => existsSync(join(root, file)));
    return {
      kind: 'drizzle',
      folder: toSlashes(folder),
      files: files?.map(file => readOne(root, file)) ?? readFolder(root, folder),
    };
  });
}

/** Nothing where the journal has a mistake, such as the marks of a merge. */
function readJournal(file: string): readonly string[] | undefined {
  const parsed = parsedJson(readFileSync(file, 'utf8'));
  if (parsed === undefined) return undefined;
  if (typeof parsed !== 'object' || parsed === null || !('entries' in parsed) || !Array.isArray(parsed.entries))
    return [];
  return parsed.entries.flatMap((entry: unknown) =>
    typeof entry === 'object' && entry !== null && 'tag' in entry && typeof entry.tag === 'string' ? [entry.tag] : [],
  );
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A folder for each migration: `prisma/migrations/20240101_first/migration.sql`, under whatever name. */
function findPrisma(root: string): readonly MigrationSet[] {
  const files = glob(root, '**/*/migration.sql');
  const parents = [...new Set(files.map(file => toSlashes(dirname(dirname(file)))))];
  return parents.map(folder => ({
    kind: 'prisma',
    folder,
    files: files.filter(file => toSlashes(dirname(dirname(file))) === folder).map(file => readOne(root, file)),
  }));
}

/** A folder for each migration, with the way there and the way back: Hasura and Diesel. */
function findPairs(root: string): readonly MigrationSet[] {
  const files = glob(root, '**/*/up.sql').map(toSlashes);
  const parents = [...new Set(files.map(file => dirname(dirname(file))))];
  return parents.map(folder => ({
    kind: 'plain',
    folder,
    files: files
      .filter(file => dirname(dirname(file)) === folder)
      .toSorted((left, right) => byNumber(basename(dirname(left)), basename(dirname(right))))
      .map(file => readOne(root, file)),
  }));
}

function findPlain(root: string): readonly MigrationSet[] {
  const found = [
    ...folders(root, '**/{migrations,migration,drizzle}/*.sql'),
    ...folders(root, '**/{db,database,sql,schema}/**/*.sql'),
    ...folders(root, '*.sql'),
  ];
  return [...new Set(found)].map(folder => ({ kind: 'plain', folder, files: readLoose(root, folder) }));
}

/** A script for `psql` that runs all others, wherever it lies; what fills or tests a database runs it as well. */
function findScripts(root: string): readonly MigrationSet[] {
  const files = readSqlFiles(root).filter(({ file }) => !aside.test(file));
  return entryScripts(files).map(script => ({
    kind: 'plain',
    folder: toSlashes(dirname(script.file)),
    files: expanded(root, [script]),
  }));
}

function readGiven(root: string, given: string): MigrationSet {
  const path = existsSync(join(root, given)) ? join(root, given) : given;
  if (!existsSync(path)) throw new DrydockError('target-not-found', `There is no file or folder ${given}.`);
  const from = relative(root, path) || '.';
  if (statSync(path).isFile()) {
    return {
      kind: 'plain',
      folder: toSlashes(dirname(from)),
      files: expanded(root, [readOne(root, from)]),
    };
  }
  const inside = search(path);
  if (inside === undefined || inside.files.length === 0)
    return { kind: 'plain', folder: toSlashes(from), files: readLoose(root, from) };
  const moved = inside.files.map(each => ({ ...each, file: toSlashes(join(from, each.file)) }));
  const isSupabase = basename(path) === 'migrations' && basename(dirname(path)) === 'supabase';
  const kind = isSupabase ? 'supabase' : inside.kind;
  const exposed = isSupabase ? exposedSchemas(join(dirname(path), 'config.toml')) : {};
  return { ...inside, kind, folder: toSlashes(from), files: moved, ...exposed };
}

/** SQL files directly in the folder, in the order of their numbers and names: how every tool without a journal applies them. */
function readFolder(root: string, folder: string): readonly MigrationFile[] {
  const names = readdirSync(join(root, folder)).filter(name => name.endsWith('.sql'));
  return inMigrationOrder(names)
    .filter(name => statSync(join(root, folder, name), { throwIfNoEntry: false })?.isFile() === true)
    .map(name => readOne(root, join(folder, name)));
}

/** The same, where files without numbers may have been run in another order than that of their names, or by one of them. */
function readLoose(root: string, folder: string): readonly MigrationFile[] {
  const files = copiesInPlace(readFolder(root, folder));
  const isOrdered = files.every(each => saysWhen(each) || each.repeats !== undefined);
  const scripts = entryScripts(files.filter(({ file }) => !aside.test(file)));
  if (scripts.length > 0 && isOrdered) return expanded(root, files);
  const [script] = scripts;
  // What it does not run is run for other ends: to fill, to try, to begin anew.
  if (script !== undefined && scripts.length === 1) return expanded(root, [script]);
  return isOrdered ? files : files.map(each => ({ ...each, anyOrder: true }));
}

/** The files with what they include; what is included is not run by itself. */
function expanded(root: string, files: readonly MigrationFile[]): readonly MigrationFile[] {
  const read = (path: string): MigrationFile | undefined => readIfThere(root, path);
  const included = new Set(files.flatMap(file => includedBy(file, read)));
  return files.filter(({ file }) => !included.has(file)).flatMap(file => withIncludes(file, read));
}

function readIfThere(root: string, file: string): MigrationFile | undefined {
  return existsSync(join(root, file)) ? readOne(root, file) : undefined;
}

function readOne(root: string, file: string): MigrationFile {
  return { file: toSlashes(file), text: readSqlText(join(root, file)) };
}

/** The folders of the matches: the shallowest first, then by name. */
function folders(root: string, pattern: string): readonly string[] {
  return [...new Set(glob(root, pattern).map(file => toSlashes(dirname(file))))].sort(
    (left, right) => left.split('/').length - right.split('/').length || compareText(left, right),
  );
}

function glob(root: string, pattern: string): readonly string[] {
  return globSync(pattern, { cwd: root, ignore: ignored, dot: false, expandDirectories: false }).sort(compareText);
}

function toSlashes(path: string): string {
  return path.split(sep).join('/');
}
