import { basename, dirname } from 'node:path';
import type { Gap } from '../../core/gap.ts';
import { compareText } from '../../core/place.ts';
import {
  aside,
  tablesMadeBy,
  tablesTakenForGranted,
  type MigrationFile,
  type MigrationSet,
} from './find-migrations.ts';

/** What was run before the first migration, and what to say of it. */
export interface BaseElsewhere {
  readonly files: readonly MigrationFile[];
  readonly gaps: readonly Gap[];
}

/**
 * Finds the SQL that migrations start from where it lies beside them: many an app begins with `supabase/schema.sql`, pasted
 * into the SQL editor, and migrates only what comes after. The one that makes most of the tables that migrations change without
 * making them is taken, as long as it makes half of them, since less may be another app's, and none that
 * they make in any case.
 */
export function findBaseElsewhere(
  migrations: MigrationSet,
  beside: readonly MigrationFile[],
  listsAround: () => readonly MigrationSet[],
): BaseElsewhere {
  const missing = new Set(tablesTakenForGranted(migrations));
  const own = new Set(tablesMadeBy({ files: migrations.files.map(withoutLenient) }));
  if (missing.size === 0) return { files: [], gaps: [] };
  const score = (files: readonly MigrationFile[]): number => {
    const made = tablesMadeBy({ files });
    return made.some(name => own.has(name)) ? 0 : made.filter(name => missing.has(name)).length;
  };
  const [best] = candidates(migrations, beside, listsAround())
    .map(files => ({ files, score: score(files) }))
    .filter(candidate => candidate.score * 2 >= missing.size)
    .toSorted((left, right) => right.score - left.score || byName(left.files, right.files));
  return best === undefined ? { files: [], gaps: [] } : { files: best.files, gaps: [taken(best, migrations)] };
}

/** What keeps a table that is there already stands in nobody's way. */
function withoutLenient({ file, text }: MigrationFile): MigrationFile {
  return { file, text: text.replaceAll(/\bcreate\s+table\s+if\s+not\s+exists\b/gi, '') };
}

/** Whole lists of migrations, and each file that is in none. */
function candidates(
  migrations: MigrationSet,
  beside: readonly MigrationFile[],
  around: readonly MigrationSet[],
): readonly (readonly MigrationFile[])[] {
  const read = new Set(migrations.files.map(({ file }) => file));
  const lists = around.filter(({ folder }) => !aside.test(`${folder}/`));
  const alone = beside.filter(({ file }) => !aside.test(file));
  return [...lists.map(({ files }) => files), ...alone.map(file => [file])].filter(
    files => !files.some(({ file }) => read.has(file)),
  );
}

/** One that is called a schema first, then the one that lies highest. */
function byName(left: readonly MigrationFile[], right: readonly MigrationFile[]): number {
  const rank = ([first]: readonly MigrationFile[]): number =>
    (/schema|base|init|dump|structure/i.test(basename(first?.file ?? '')) ? 0 : 100) +
    (first?.file.split('/').length ?? 0);
  return rank(left) - rank(right) || compareText(left[0]?.file ?? '', right[0]?.file ?? '');
}

function taken(
  { files, score }: { readonly files: readonly MigrationFile[]; readonly score: number },
  { folder }: MigrationSet,
): Gap {
  const [first] = files;
  const file = first?.file ?? '';
  const name = files.length === 1 ? file : dirname(file);
  return {
    reason: `The migrations build on tables that they do not make. '${name}' makes ${score} of them, and is taken to have been run before; where that is not so, name only what was run: --migrations ${folder === '' ? '.' : folder}.`,
    file,
    line: 1,
    settles: score,
  };
}
