import { createTwoFilesPatch } from 'diff';

/** A file before and after; `undefined` where it does not exist. */
export interface FileChange {
  readonly file: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** One unified diff of all changes, as `git apply` takes it. */
export function unifiedDiff(changes: readonly FileChange[]): string {
  return changes
    .filter(change => change.before !== change.after)
    .map(change => {
      const patch = createTwoFilesPatch(
        change.before === undefined ? '/dev/null' : `a/${change.file}`,
        change.after === undefined ? '/dev/null' : `b/${change.file}`,
        change.before ?? '',
        change.after ?? '',
        undefined,
        undefined,
        { context: 3 },
      );
      return patch.replace(/^=+\n/, '');
    })
    .join('');
}
