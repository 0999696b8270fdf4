import type { GuardInit } from '../../core/guard-init.ts';

/** The set-up of the guard for people: the diff first, then how it held, then what is left to do. */
export function renderGuardInit({ diff, files, verified, written, entries, todo }: GuardInit): string {
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
    ...entryLines(entries),
    'What is left to you:',
    ...todo.map((each, index) => `  ${index + 1}. ${each}`),
    '',
  ].join('\n');
}

function entryLines({ session, changed, left }: GuardInit['entries']): readonly string[] {
  const all = session + changed.length + left.length;
  if (all === 0) return [];
  return [
    all === 1 ? '1 entry point reaches rows with an owner:' : `${all} entry points reach rows with an owner:`,
    `  ${session} ask as whoever is signed in, in the tenant of the session, without a change.`,
    ...(changed.length === 0
      ? []
      : [`  ${changed.length} are changed to ask for the tenant that the request names: ${changed.join(', ')}`]),
    ...(left.length === 0 ? [] : [`  ${left.length} are left to you:`]),
    ...left.flatMap(({ name, file, line, why, code }) => [
      '',
      `  ${file}:${line}  ${name}`,
      `    ${why}`,
      ...code.map(each => `    | ${each}`),
    ]),
    '',
  ];
}

function typeLines(types: GuardInit['verified']['types']): readonly string[] {
  if (types.kind === 'skipped') return [`  Types were not checked: ${types.reason}`];
  if (types.errors.length === 0) return ['  Your type checker finds nothing that was not there before.'];
  return types.errors.map(error => `  Your type checker: ${error}`);
}
