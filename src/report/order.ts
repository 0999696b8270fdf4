import type { Cell } from '../core/cell.ts';
import { compareFindings, type Finding } from '../core/finding.ts';
import type { Gap } from '../core/gap.ts';
import type { Path } from '../core/path.ts';
import { comparePlaces, compareText } from '../core/place.ts';
import type { Verdict } from '../core/verdict.ts';

/** Findings as every report lists them. */
export function orderFindings(findings: readonly Finding[]): readonly Finding[] {
  return findings.toSorted(compareFindings);
}

/** Paths as every report lists them: verdict, worst first, then entry point, then the place of the sink. */
export function orderPaths<P extends Path>(paths: readonly P[]): readonly P[] {
  return paths.toSorted(
    (left, right) =>
      verdictRank(left.verdict) - verdictRank(right.verdict) ||
      compareText(left.entryPoint.name, right.entryPoint.name) ||
      comparePlaces(left.sink, right.sink) ||
      compareText(left.sink.table, right.sink.table) ||
      compareText(left.id, right.id),
  );
}

/** Cells by object, then role, actor and command in the order a reader expects. */
export function orderCells(cells: readonly Cell[]): readonly Cell[] {
  return cells.toSorted(
    (left, right) =>
      compareText(left.schema, right.schema) ||
      compareText(left.object, right.object) ||
      compareText(left.bucket ?? '', right.bucket ?? '') ||
      compareText(left.role, right.role) ||
      actors.indexOf(left.actor) - actors.indexOf(right.actor) ||
      commands.indexOf(left.command) - commands.indexOf(right.command),
  );
}

/** Gaps by how much one declaration would settle, then by place. */
export function orderGaps(gaps: readonly Gap[]): readonly Gap[] {
  return gaps.toSorted(
    (left, right) =>
      right.settles - left.settles || comparePlaces(left, right) || compareText(left.reason, right.reason),
  );
}

/** Verdicts from the one that needs a reader to the one that needs none. */
export const verdicts: readonly Verdict[] = ['leaks', 'unknown', 'broken', 'public', 'isolated'];

/** Sort position of a verdict: 0 needs a reader first. */
export function verdictRank(verdict: Verdict): number {
  return verdicts.indexOf(verdict);
}

/** Commands of a cell, from reading to running. */
export const commands: readonly Cell['command'][] = ['select', 'insert', 'update', 'delete', 'truncate', 'execute'];

/** Who tries, from the outside in. */
export const actors: readonly Cell['actor'][] = ['anonymous', 'stranger', 'member', 'member-of-both', 'admin'];
