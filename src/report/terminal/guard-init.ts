import type { GuardInit } from '../../core/guard-init.ts';

/** The set-up of the guard for people: the diff first, then how it held, then what is left to do. */
export function renderGuardInit({ diff, files, verified, written, todo }: GuardInit): string {
  const { isolated, leaks, unknown } = verified;
  return [
    diff,
    `${files.length} files ${written ? 'written' : 'would change; nothing was written'}.`,
    '',
    'Tried on a copy of your database, as the role app:',
    `  ${isolated} ways to reach another tenant's rows are closed.`,
    ...leaks.map(each => `  Open: ${each}`),
    ...unknown.map(each => `  Could not tell: ${each}`),
    '',
    'What is left to you:',
    ...todo.map((each, index) => `  ${index + 1}. ${each}`),
    '',
  ].join('\n');
}
