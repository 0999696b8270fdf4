import { DrydockError } from '../core/error.ts';
import type { FileChange } from '../fix/diff.ts';
import { isKnown } from '../fix/guard/known-migration.ts';
import { migrationFiles } from '../fix/guard/sql/files.ts';
import type { GuardSql } from '../fix/guard/sql/guard-sql.ts';
import type { Tool } from '../fix/guard/sql/options.ts';
import type { SourceTexts } from '../fix/source/source-set.ts';
import type { Analysis } from './analyse.ts';

/** One migration to add, by its name. */
export interface Wanted {
  readonly name: string;
  readonly sql: (tool: Tool) => GuardSql;
}

/** The files of migrations that are added one after another; what the app's own have done before is left out. */
export function migrationChanges(
  analysis: Analysis,
  wanted: readonly Wanted[],
  texts: SourceTexts,
): readonly FileChange[] {
  const set = analysis.collected?.migrations;
  if (set === undefined || set.kind === 'code')
    throw new DrydockError('no-migrations', 'The app has no migrations in SQL to which the guard could add one.', {
      next: startOf(texts),
    });
  const { folder, kind: tool } = set;
  const journalFile = `${folder}/meta/_journal.json`;
  const after = new Map<string, string>();
  for (const { name, sql } of wanted) {
    const made = sql(tool);
    const below = [...new Set([...texts.files, ...after.keys()])].filter(file => file.startsWith(`${folder}/`));
    const before = below.filter(file => file.endsWith('.sql')).map(file => texts.read(file) ?? '');
    if (isKnown([...made.up, ...made.concurrent], before)) continue;
    const present = [...new Set(below.map(file => file.slice(folder.length + 1).split('/')[0] ?? ''))];
    const journal = after.get(journalFile) ?? texts.read(journalFile);
    const { files, reverse } = migrationFiles(made, {
      tool,
      folder,
      present,
      // A name for each time, so that what it adds can be told from what was there.
      name: nameOf(name, present),
      ...(journal === undefined ? {} : { journal }),
    });
    for (const { path, text } of [...files, reverse]) after.set(path, text);
  }
  return [...after].map(([file, text]) => ({ file, before: texts.read(file), after: text }));
}

/** How the app's own tool begins to keep migrations: what pushes a schema takes away policies that it does not name. */
function startOf(texts: SourceTexts): string {
  const packages = texts.read('package.json') ?? '';
  if (/"drizzle-kit"/.test(packages))
    return 'drizzle-kit push would take policies away again: run npx drizzle-kit generate, then this again. Other files: --migrations <folder>.';
  if (/"prisma"|"@prisma\/client"/.test(packages))
    return 'Let Prisma keep migrations (npx prisma migrate dev --name init), then run this again. Other files: --migrations <folder>.';
  return 'Name them with --migrations <folder>.';
}

function nameOf(name: string, present: readonly string[]): string {
  const times = present.filter(each => new RegExp(`\\d_${name}(?:_\\d+)?(?:\\.sql)?$`).test(each)).length;
  return times === 0 ? name : `${name}_${times + 1}`;
}
