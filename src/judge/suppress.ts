import type { Suppression } from '../config/suppressions.ts';
import type { Finding } from '../core/finding.ts';
import type { Path } from '../core/path.ts';
import { comparePlaces, type Place } from '../core/place.ts';
import { didYouMean } from '../core/nearest.ts';
import type { ConfigProblem, SuppressedFinding } from '../core/suppression.ts';

/** Findings after suppression: those that stay, those that were accepted, and comments that do not do what they say. */
export interface Suppressed {
  readonly findings: readonly Finding[];
  readonly suppressed: readonly SuppressedFinding[];
  readonly problems: readonly ConfigProblem[];
}

/** What suppressing needs to know. */
export interface SuppressInput {
  readonly findings: readonly Finding[];
  readonly paths: readonly Path[];
  readonly suppressions: readonly Suppression[];
  /** Ids of every check; `judged` are those that this run could have found. */
  readonly checks: readonly string[];
  readonly judged: ReadonlySet<string>;
}

/**
 * A comment accepts a finding at its own place or at the query it is about, or at an entry point: then only when every
 * entry point that reaches it is accepted, so that a new way in is never silent.
 */
export function suppress(input: SuppressInput): Suppressed {
  const valid = input.suppressions.filter(each => each.reason !== '');
  const used = new Map<Suppression, Set<string>>();
  const problems: ConfigProblem[] = input.suppressions.flatMap(each => malformed(each, input.checks));
  const byId = new Map(input.paths.map(path => [path.id, path]));
  const findings: Finding[] = [];
  const suppressed: SuppressedFinding[] = [];
  for (const finding of input.findings) {
    const mine = valid.filter(each => each.checks.includes(finding.check));
    const paths = finding.pathIds.flatMap(id => byId.get(id) ?? []);
    const direct = mine.find(each => [finding, ...paths.map(path => path.sink)].some(place => isAt(each, place)));
    const entries = direct === undefined ? acceptedEntries(mine, paths) : { by: [], open: [] };
    const by = direct ?? (entries.open.length === 0 ? entries.by[0] : undefined);
    for (const each of direct === undefined ? entries.by : [direct])
      used.set(each, (used.get(each) ?? new Set()).add(finding.check));
    if (by === undefined) findings.push(finding);
    else suppressed.push({ finding, reason: by.reason, place: placeOf(by) });
    if (by === undefined && entries.by.length > 0)
      problems.push(...entries.by.map(each => partial(each, finding, entries.open)));
  }
  for (const each of valid) problems.push(...unused(each, used.get(each) ?? new Set(), input));
  return { findings, suppressed, problems: unique(problems).toSorted(comparePlaces) };
}

function isAt(suppression: Suppression, place: Place): boolean {
  return (
    suppression.file === place.file &&
    suppression.target >= place.line &&
    suppression.target <= (place.endLine ?? place.line)
  );
}

function acceptedEntries(
  suppressions: readonly Suppression[],
  paths: readonly Path[],
): { readonly by: readonly Suppression[]; readonly open: readonly string[] } {
  const by = new Set<Suppression>();
  const open = new Set<string>();
  for (const { entryPoint } of paths) {
    const found = suppressions.find(each => isAt(each, entryPoint));
    if (found === undefined) open.add(entryPoint.name);
    else by.add(found);
  }
  return { by: [...by], open: [...open] };
}

function malformed(suppression: Suppression, checks: readonly string[]): readonly ConfigProblem[] {
  const place = placeOf(suppression);
  if (suppression.checks.length === 0)
    return [
      {
        ...place,
        kind: 'unknown-check',
        message: `'drydock-ignore' names no check. Write 'drydock-ignore <check>: reason'.`,
      },
    ];
  const unknown = suppression.checks
    .filter(check => !checks.includes(check))
    .map((check): ConfigProblem => ({
      ...place,
      kind: 'unknown-check',
      message: `There is no check '${check}'.${didYouMean(check, checks)}`,
    }));
  const reason: readonly ConfigProblem[] =
    suppression.reason === ''
      ? [
          {
            ...place,
            kind: 'missing-reason',
            message: `'drydock-ignore ${suppression.checks.join(', ')}' gives no reason. Say after a colon why it is right.`,
          },
        ]
      : [];
  return [...unknown, ...reason];
}

function partial(suppression: Suppression, finding: Finding, open: readonly string[]): ConfigProblem {
  return {
    ...placeOf(suppression),
    kind: 'partial-suppression',
    message: `'${finding.check}' stays: ${open.map(name => `'${name}'`).join(', ')} ${open.length === 1 ? 'reaches' : 'reach'} it too. Put the comment at the query, or at each entry point.`,
  };
}

function unused(
  suppression: Suppression,
  used: ReadonlySet<string>,
  { checks, judged }: SuppressInput,
): readonly ConfigProblem[] {
  return suppression.checks
    .filter(check => checks.includes(check) && judged.has(check) && !used.has(check))
    .map(check => ({
      ...placeOf(suppression),
      kind: 'unused-suppression',
      message: `Nothing is found by '${check}' here any more. Take 'drydock-ignore' away.`,
    }));
}

function placeOf({ file, line }: Suppression): Place {
  return { file, line };
}

function unique(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  return [
    ...new Map(problems.map(problem => [`${problem.file}:${problem.line}:${problem.message}`, problem])).values(),
  ];
}
