import { dirname } from 'node:path';
import type { Gap } from '../../core/gap.ts';
import { listed } from '../../core/list.ts';
import { withoutComments, writtenTable } from '../../core/sql-text.ts';
import type { DatabaseModel } from '../../model/database/types.ts';
import { bareName, tablesMadeBy, type MigrationFile, type MigrationSet } from './find-migrations.ts';

/** A file beside the migrations that says who may reach which rows. */
interface PolicyFile extends MigrationFile {
  /** Tables, without schema, for which it makes a policy or turns row security on. */
  readonly tables: readonly string[];
}

/** Files that were written to be run by hand, and what was made of them. */
export interface PoliciesElsewhere {
  /** Run after the migrations, where those say nothing of row security: else every table would seem open, or closed. */
  readonly taken: readonly MigrationFile[];
  /** What to say once the database is known. */
  readonly gaps: (database: DatabaseModel) => readonly Gap[];
}

/** Finds policies that were run by hand in the SQL files of the app that no migration is. */
export function findPoliciesElsewhere(
  migrations: MigrationSet,
  beside: readonly MigrationFile[],
  isToldAlready: boolean,
): PoliciesElsewhere {
  const own = new Set(migrations.files.map(({ file }) => file));
  const made = new Set(tablesMadeBy(migrations));
  const found = beside
    .filter(({ file }) => !own.has(file))
    .map(each => ({ ...each, tables: securedBy(each.text) }))
    .filter(({ tables }) => tables.length > 0);
  const isAfter = (file: PolicyFile): boolean =>
    file.tables.some(name => made.has(name)) && !tablesMadeBy({ files: [file] }).some(name => made.has(name));
  const taken = isToldAlready ? [] : found.filter(isAfter);
  return {
    taken: taken.map(({ file, text }) => ({ file, text, anyOrder: true })),
    gaps: database => [
      ...takenGap(taken, migrations),
      ...leftGap(
        found.filter(each => !taken.includes(each)),
        migrations,
        database,
      ),
    ],
  };
}

function takenGap(taken: readonly PolicyFile[], migrations: MigrationSet): readonly Gap[] {
  const [first] = taken;
  if (first === undefined) return [];
  return [
    {
      reason: `No migration says who may reach which rows. ${namesOf(taken)} ${taken.length === 1 ? 'does, and is' : 'do, and are'} taken to have been run after the migrations; where that is not so, name only what was run: --migrations ${folderOf(migrations)}.`,
      file: first.file,
      line: 1,
      settles: new Set(taken.flatMap(({ tables }) => tables)).size,
    },
  ];
}

/** Files that make policies where the migrations make none; what both speak of, the migrations know better. */
function leftGap(left: readonly PolicyFile[], migrations: MigrationSet, database: DatabaseModel): readonly Gap[] {
  const told = new Set(database.tables.filter(({ policies }) => policies.length > 0).map(({ name }) => bareName(name)));
  const files = left.filter(({ tables }) => tables.some(name => !told.has(name)));
  const [first] = files;
  const tables = [...new Set(files.flatMap(file => file.tables))].filter(name => !told.has(name));
  if (first === undefined) return [];
  return [
    {
      reason: `${namesOf(files)} ${files.length === 1 ? 'says' : 'say'} who may reach the rows of ${several(tables)}, and no migration that was replayed does. If ${files.length === 1 ? 'it was' : 'they were'} run, name ${files.length === 1 ? 'it' : 'them'} too: --migrations ${folderOf(migrations)} ${first.file}${files.length === 1 ? '' : ' …'}.`,
      file: first.file,
      line: 1,
      settles: tables.length,
    },
  ];
}

function namesOf(files: readonly PolicyFile[]): string {
  return several(files.map(({ file }) => file));
}

/** The first three of a list in single quotes, and how many there are besides. */
function several(words: readonly string[]): string {
  const quoted = words.map(word => `'${word}'`);
  return listed(words.length <= 4 ? quoted : [...quoted.slice(0, 3), `${words.length - 3} more`]);
}

function folderOf({ folder, files }: MigrationSet): string {
  return folder === '' ? dirname(files[0]?.file ?? '.') : folder;
}

/** Tables for which a text makes policies or turns row security on. */
function securedBy(text: string): readonly string[] {
  const code = withoutComments(text);
  const policies = new RegExp(String.raw`\bcreate\s+policy\s+(?:"[^"]+"|\w+)\s+on\s+${writtenTable}`, 'gi');
  const switches = new RegExp(
    String.raw`\balter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?${writtenTable}\s+(?:enable|force)\s+row\s+level\s+security`,
    'gi',
  );
  const found = [...code.matchAll(policies), ...code.matchAll(switches)].map(match => bareName(match[1] ?? ''));
  return [...new Set(found)];
}
