import { dirname } from 'node:path/posix';
import type { Step } from '../../core/path.ts';
import type { Place } from '../../core/place.ts';
import type { Fact } from '../../model/app/types.ts';
import type { CheckInput, JudgedPath } from '../check.ts';

/** A guard on the path that does not stop it, and where it is called. */
export interface WeakGuard {
  readonly place: Place;
  readonly label: string;
}

/** What a guard may establish, the most telling first. */
const telling: readonly Fact['holds']['kind'][] = ['member', 'role', 'row', 'condition', 'system', 'signed-in'];

/** The guard that the verdict's reason speaks of. */
export function weakGuardOf(path: JudgedPath, input: CheckInput): WeakGuard | undefined {
  const facts = path.model.facts.filter(fact => fact.weakness === path.reason);
  const [fact] = facts.toSorted((left, right) => telling.indexOf(left.holds.kind) - telling.indexOf(right.holds.kind));
  return fact === undefined ? undefined : { place: callOf(fact, path, input) ?? fact.place, label: fact.label };
}

/**
 * What a guard looks up is a path of its own; where it leaves the way to this query, the guard was called. The fact itself
 * may have been established deep inside a function that many share.
 */
function callOf(fact: Fact, path: JudgedPath, { paths }: CheckInput): Place | undefined {
  if (fact.holds.kind !== 'row' || path.reason === 'not-awaited' || path.reason === 'result-dropped') return undefined;
  const { table } = fact.holds.row;
  const lookUp = paths.find(
    other => other.id !== path.id && other.model.query.table === table && isGuardFor(other, path),
  );
  if (lookUp === undefined) return undefined;
  const [own, guard] = [callsOf(path), callsOf(lookUp)];
  const step = guard.find((candidate, index) => !isSame(candidate, own[index]));
  return step === undefined ? undefined : { file: step.file, line: step.line };
}

function isGuardFor(lookUp: JudgedPath, path: JudgedPath): boolean {
  if (path.reason !== 'layout-only') return lookUp.entryPoint.name === path.entryPoint.name;
  return (
    lookUp.entryPoint.kind === 'layout' && `${path.entryPoint.file}/`.startsWith(`${dirname(lookUp.entryPoint.file)}/`)
  );
}

function callsOf(path: JudgedPath): readonly Step[] {
  return path.steps.filter(step => step.role === 'propagation' || step.role === 'sink');
}

function isSame(left: Step, right: Step | undefined): boolean {
  return right !== undefined && left.file === right.file && left.line === right.line;
}
