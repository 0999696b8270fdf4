import type { GuardInit } from '../../core/guard-init.ts';

/** The set-up of the guard for people: the diff first, then how it held, then what is left to do. */
export function renderGuardInit({ diff, files, verified, written, todo }: GuardInit): string {
  const { isolated, leaks, unknown } = verified;
  return [
    diff,
    `${files.length} files ${written ? 'written' : 'would change; nothing was written'}.`,
    '',
    'Tried on a copy of your database, as the role app:',
    isolated === 0
      ? '  Nothing could be tried: no table of the copy was reached by that role.'
      : `  ${isolated} ways to reach another tenant's rows are closed.`,
    ...leaks.map(each => `  Open: ${each}`),
    ...unknown.map(each => `  Could not tell: ${each}`),
    ...typeLines(verified.types),
    '',
    'What is left to you:',
    ...todo.map((each, index) => `  ${index + 1}. ${each}`),
    '',
  ].join('\n');
}

function typeLines(types: GuardInit['verified']['types']): readonly string[] {
  if (types.kind === 'skipped') return [`  Types were not checked: ${types.reason}`];
  if (types.errors.length === 0) return ['  Your type checker finds nothing that was not there before.'];
  return types.errors.map(error => `  Your type checker: ${error}`);
}
