import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';

import { DrydockError, messageOf } from '../core/error.ts';
import type { Finding } from '../core/finding.ts';
import { compareText } from '../core/place.ts';
import type { TraceResult } from '../core/result.ts';
import type { ConfigProblem } from '../core/suppression.ts';

/** Findings that were there before somebody began to look, by fingerprint. It may only shrink. */
interface Baseline {
  readonly version: 1;
  readonly findings: Readonly<Record<string, { readonly check: string; readonly place: string }>>;
}

/**
 * Leaves out what the baseline knows. A file that does not exist is written with all that is found; afterwards it never
 * grows: what is no longer found has to be taken out (`update`), and what is new is found.
 */
export function applyBaseline(result: TraceResult, file: string, update: boolean): TraceResult {
  if (!existsSync(file)) {
    write(file, result.findings);
    return { ...result, findings: [], known: { count: result.findings.length, where: 'in the baseline' } };
  }
  const baseline = read(file);
  const fingerprints = new Set(result.findings.map(finding => finding.fingerprint));
  const known = result.findings.filter(finding => finding.fingerprint in baseline.findings);
  const stale = Object.entries(baseline.findings).filter(([fingerprint]) => !fingerprints.has(fingerprint));
  if (update) write(file, known);
  const problems: readonly ConfigProblem[] = update
    ? []
    : stale.map(([, { check, place }]) => ({
        kind: 'stale-baseline',
        file: basename(file),
        line: 1,
        message: `'${check}' at ${place} is no longer found. Take it out of the baseline: --update-baseline.`,
      }));
  return {
    ...result,
    findings: result.findings.filter(finding => !(finding.fingerprint in baseline.findings)),
    known: { count: known.length, where: 'in the baseline' },
    problems: [...(result.problems ?? []), ...problems],
  };
}

function read(file: string): Baseline {
  try {
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (isBaseline(parsed)) return parsed;
  } catch (thrown) {
    throw broken(file, messageOf(thrown));
  }
  throw broken(file, 'it is of another version');
}

function isBaseline(value: unknown): value is Baseline {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    value.version === 1 &&
    'findings' in value &&
    typeof value.findings === 'object' &&
    value.findings !== null
  );
}

function broken(file: string, why: string): DrydockError {
  return new DrydockError('config', `The baseline '${file}' cannot be read: ${why}.`, {
    next: 'Delete it and run again to write a new one.',
  });
}

function write(file: string, findings: readonly Finding[]): void {
  const entries = findings
    .map(({ fingerprint, check, file: path }) => [fingerprint, { check, place: path }] as const)
    .toSorted(([left], [right]) => compareText(left, right));
  const baseline: Baseline = { version: 1, findings: Object.fromEntries(entries) };
  writeFileSync(file, `${JSON.stringify(baseline, null, 2)}\n`);
}
