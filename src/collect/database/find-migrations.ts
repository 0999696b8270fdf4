import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { globSync } from 'tinyglobby';
import { DrydockError } from '../../core/error.ts';
import { compareText } from '../../core/place.ts';

/** A migration as it lies in the repository. */
export interface MigrationFile {
  /** Relative to the target's root, with `/`. */
  readonly file: string;
  readonly text: string;
}

/** The migrations of an app, in the order in which they apply. */
export interface MigrationSet {
  readonly kind: 'supabase' | 'drizzle' | 'prisma' | 'plain';
  /** Relative to the target's root. */
  readonly folder: string;
  readonly files: readonly MigrationFile[];
}

const ignored = ['**/node_modules/**', '**/.next/**', '**/.drydock/**', '**/dist/**', '**/.git/**'];

/** Finds the migrations below `root`, or reads those in `given` (a file or folder, relative to root or absolute). */
export function findMigrations(root: string, given?: string): MigrationSet {
  const found = given === undefined ? search(root) : readGiven(root, given);
  if (found !== undefined && found.files.length > 0) return found;
  throw new DrydockError(
    'no-migrations',
    given === undefined ? `There are no SQL migrations in ${root}.` : `There are no SQL files in ${given}.`,
    {
      next: 'Name them with --migrations <folder>, write them with `drizzle-kit export` or `pg_dump --schema-only`, or give --database-url.',
    },
  );
}

function search(root: string): MigrationSet | undefined {
  return findSupabase(root) ?? findDrizzle(root) ?? findPrisma(root) ?? findPlain(root);
}

function findSupabase(root: string): MigrationSet | undefined {
  const [folder] = folders(root, '**/supabase/migrations/*.sql');
  return folder === undefined ? undefined : { kind: 'supabase', folder, files: readFolder(root, folder) };
}

/** drizzle-kit writes the order into `meta/_journal.json`; older and newer layouts are sorted by name. */
function findDrizzle(root: string): MigrationSet | undefined {
  const [journal] = glob(root, '**/meta/_journal.json');
  if (journal === undefined) return undefined;
  const folder = dirname(dirname(journal));
  const tags = readJournal(join(root, journal));
  const files = tags.map(tag => join(folder, `${tag}.sql`)).filter(file => existsSync(join(root, file)));
  return { kind: 'drizzle', folder: toSlashes(folder), files: files.map(file => readOne(root, file)) };
}

function readJournal(file: string): readonly string[] {
  const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (typeof parsed !== 'object' || parsed === null || !('entries' in parsed) || !Array.isArray(parsed.entries))
    return [];
  return parsed.entries.flatMap((entry: unknown) =>
    typeof entry === 'object' && entry !== null && 'tag' in entry && typeof entry.tag === 'string' ? [entry.tag] : [],
  );
}

function findPrisma(root: string): MigrationSet | undefined {
  const files = glob(root, '**/migrations/*/migration.sql');
  const [first] = files;
  if (first === undefined) return undefined;
  const folder = toSlashes(dirname(dirname(first)));
  return {
    kind: 'prisma',
    folder,
    files: files.filter(file => file.startsWith(`${folder}/`)).map(file => readOne(root, file)),
  };
}

function findPlain(root: string): MigrationSet | undefined {
  const [folder] = [
    ...folders(root, '**/{migrations,migration,drizzle}/*.sql'),
    ...folders(root, '**/{db,database,sql,schema}/**/*.sql'),
    ...folders(root, '*.sql'),
  ];
  return folder === undefined ? undefined : { kind: 'plain', folder, files: readFolder(root, folder) };
}

function readGiven(root: string, given: string): MigrationSet {
  const path = existsSync(join(root, given)) ? join(root, given) : given;
  if (!existsSync(path)) throw new DrydockError('target-not-found', `There is no file or folder ${given}.`);
  const from = relative(root, path) || '.';
  if (statSync(path).isFile()) {
    return {
      kind: 'plain',
      folder: toSlashes(dirname(from)),
      files: [{ file: toSlashes(from), text: readFileSync(path, 'utf8') }],
    };
  }
  const inside = search(path);
  if (inside === undefined || inside.files.length === 0)
    return { kind: 'plain', folder: toSlashes(from), files: readFolder(root, from) };
  const moved = inside.files.map(({ file, text }) => ({ file: toSlashes(join(from, file)), text }));
  const kind = basename(path) === 'migrations' && basename(dirname(path)) === 'supabase' ? 'supabase' : inside.kind;
  return { kind, folder: toSlashes(from), files: moved };
}

/** SQL files directly in the folder, in name order: how every tool without a journal applies them. */
function readFolder(root: string, folder: string): readonly MigrationFile[] {
  return readdirSync(join(root, folder))
    .filter(name => name.endsWith('.sql') && !/\.(down|undo|rollback)\.sql$/i.test(name) && !/^down\.sql$/i.test(name))
    .sort(compareText)
    .map(name => readOne(root, join(folder, name)));
}

function readOne(root: string, file: string): MigrationFile {
  return { file: toSlashes(file), text: readFileSync(join(root, file), 'utf8') };
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
