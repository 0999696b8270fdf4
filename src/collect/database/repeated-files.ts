import { basename } from 'node:path';
import { withoutComments } from '../../core/sql-text.ts';
import type { MigrationFile } from './find-migrations.ts';

/** Whether a name says when its file runs: `001_a`, `V1__a`, and `R__a`, which Flyway runs after those. */
export function saysWhen({ file }: MigrationFile): boolean {
  return /^(?:[a-z]{1,2}[-_]?)?\d|^R__/i.test(basename(file));
}

/**
 * All migrations of some day in one file, to be pasted somewhere: by its name it would run last, and undo what came after
 * those that it repeats. It runs after the last of these.
 */
export function copiesInPlace(files: readonly MigrationFile[]): readonly MigrationFile[] {
  const ordered = files.filter(saysWhen).map(each => ({ each, said: pieces(each) }));
  if (ordered.length < 2 || ordered.length === files.length) return files;
  const all = new Set(ordered.flatMap(({ said }) => said));
  const lastRepeatedBy = (file: MigrationFile): MigrationFile | undefined => {
    const own = new Set(pieces(file));
    if (own.size < 5 || shareOf([...own], all) < 0.9) return undefined;
    return ordered.findLast(({ said }) => said.length > 0 && shareOf(said, own) > 0.5)?.each;
  };
  const copies = files
    .filter(each => !saysWhen(each))
    .map(each => ({ each, last: lastRepeatedBy(each) }))
    .filter(({ last }) => last !== undefined);
  return files.flatMap(file => [
    ...(copies.some(({ each }) => each === file) ? [] : [file]),
    ...copies.filter(({ last }) => last === file).map(({ each }) => ({ ...each, repeats: basename(file.file) })),
  ]);
}

function shareOf(some: readonly string[], all: ReadonlySet<string>): number {
  return some.filter(piece => all.has(piece)).length / some.length;
}

/** What stands between semicolons, however it is laid out. */
function pieces({ text }: MigrationFile): readonly string[] {
  const parts = withoutComments(text).split(';');
  return parts.map(part => part.replaceAll(/\s+/g, ' ').trim().toLowerCase()).filter(part => part !== '');
}
