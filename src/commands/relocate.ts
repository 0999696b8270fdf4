import { posix, relative, sep } from 'node:path';

import type { Advice } from '../core/advice.ts';
import type { Finding } from '../core/finding.ts';
import type { ResultBase, RulesResult, TraceResult } from '../core/result.ts';

/** Paths of a result, which are relative to the app, made relative to the folder that the user named. */
export function relocate<T extends TraceResult | RulesResult>(result: T, target: string, appRoot: string): T {
  const prefix = relative(target, appRoot).split(sep).join('/');
  if (prefix === '') return result;
  const files = new Map([['', '']]);
  const moveFile = (file: string): string => {
    const moved = files.get(file) ?? posix.normalize(posix.join(prefix, file));
    files.set(file, moved);
    return moved;
  };
  const move = <P extends { readonly file: string }>(place: P): P => ({ ...place, file: moveFile(place.file) });
  const moveFinding = (finding: Finding): Finding =>
    finding.advice === undefined ? move(finding) : { ...move(finding), advice: moveAdvice(finding.advice, move) };
  const moved = {
    ...result,
    target,
    gaps: result.gaps.map(move),
    findings: result.findings.map(moveFinding),
    ...moveDeclared(result, move, moveFinding),
  };
  if (moved.command === 'rules') {
    return {
      ...moved,
      replay: { ...moved.replay, failed: moved.replay.failed.map(move) },
      ...moveRules(moved, moveFile, move),
    };
  }
  return {
    ...moved,
    entryPoints: moved.entryPoints.map(move),
    ...(moved.settlings === undefined ? {} : { settlings: moved.settlings.map(move) }),
    paths: moved.paths.map(path => ({
      ...path,
      entryPoint: move(path.entryPoint),
      sink: move(path.sink),
      steps: path.steps.map(move),
    })),
  };
}

function moveRules(
  { tables, gate, diff, causes }: RulesResult,
  moveFile: (file: string) => string,
  move: Move,
): Pick<RulesResult, 'tables' | 'gate' | 'diff' | 'causes'> {
  const placed = <P extends { readonly file?: string }>(each: P): P =>
    each.file === undefined ? each : { ...each, file: moveFile(each.file) };
  return {
    ...(tables === undefined
      ? {}
      : { tables: tables.map(table => ({ ...placed(table), policies: table.policies.map(placed) })) }),
    ...(causes === undefined ? {} : { causes: causes.map(placed) }),
    ...(gate === undefined ? {} : { gate: { ...gate, faults: gate.faults.map(move) } }),
    ...(diff === undefined ? {} : { diff: { ...diff, changes: diff.changes.map(placed) } }),
  };
}

function moveAdvice(advice: Advice, move: Move): Advice {
  return {
    ...advice,
    nearby: advice.nearby.map(move),
    ...(advice.sibling === undefined ? {} : { sibling: move(advice.sibling) }),
    suppress: { ...advice.suppress, place: move(advice.suppress.place) },
  };
}

type Move = <P extends { readonly file: string }>(place: P) => P;

function moveDeclared(
  { suppressed, problems }: ResultBase,
  move: Move,
  moveFinding: (finding: Finding) => Finding,
): Pick<ResultBase, 'suppressed' | 'problems'> {
  return {
    ...(suppressed === undefined
      ? {}
      : {
          suppressed: suppressed.map(each => ({
            ...each,
            finding: moveFinding(each.finding),
            place: move(each.place),
          })),
        }),
    ...(problems === undefined ? {} : { problems: problems.map(move) }),
  };
}
