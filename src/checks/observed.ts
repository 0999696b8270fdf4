import type { Observation } from '../model/app/types.ts';
import type { Place } from '../core/place.ts';
import type { Severity } from '../core/verdict.ts';
import type { Check, CheckFinding, CheckInput } from './check.ts';

/** One kind of observation. */
export type Observed<Kind extends Observation['kind']> = Extract<Observation, { readonly kind: Kind }>;

/** What a check over observations gives for each faulty one; the rest of the finding follows from the observation. */
export type ObservedFault = Pick<CheckFinding, 'harm' | 'message' | 'repair'> & {
  readonly entryPoints: readonly string[];
  /** The table at stake; absent when the fault is in no table. */
  readonly object?: string;
  readonly severity?: Severity;
  /** Where the fault is, when it is not where the observation is. */
  readonly place?: Place;
};

/** What differs between the checks that judge one kind of observation. */
export interface ObservedRule<Kind extends Observation['kind']> {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly cwe: number;
  readonly kind: Kind;
  /** The faults in one observation; none when it is fine. */
  readonly faults: (seen: Observed<Kind>, input: CheckInput) => readonly ObservedFault[];
}

/** A check over one kind of observation. The same fault reached from several entry points is one finding. */
export function observedCheck<Kind extends Observation['kind']>(rule: ObservedRule<Kind>): Check {
  const { id, title, severity, cwe } = rule;
  return { id, title, severity, cwe, needs: 'app', judge: input => ({ findings: findFaults(rule, input), gaps: [] }) };
}

function findFaults<Kind extends Observation['kind']>(
  rule: ObservedRule<Kind>,
  input: CheckInput,
): readonly CheckFinding[] {
  const found = new Map<string, CheckFinding>();
  for (const seen of input.app?.observations ?? []) {
    if (!isOfKind(seen, rule.kind)) continue;
    for (const fault of rule.faults(seen, input)) {
      const finding = toFinding(seen, fault, input);
      const key = [finding.file, finding.line, finding.object, finding.message].join('\n');
      const known = found.get(key);
      found.set(key, known === undefined ? finding : merge(known, finding));
    }
  }
  return [...found.values()];
}

function toFinding(
  seen: Observation,
  { entryPoints, object, place = seen.place, ...fault }: ObservedFault,
  { paths }: CheckInput,
): CheckFinding {
  const [entryPoint] = entryPoints;
  const { file, line, endLine } = place;
  const reaching = paths.filter(path => entryPoints.includes(path.entryPoint.name) && path.sink.table === object);
  return {
    ...fault,
    subject: [entryPoint, object, `in ${file}`].filter(part => part !== undefined).join(' '),
    file,
    line,
    ...(endLine === undefined ? {} : { endLine }),
    ...(entryPoint === undefined ? {} : { entryPoint }),
    ...(object === undefined ? {} : { object }),
    pathIds: reaching.map(path => path.id),
    evidence: reaching.map(path => ({ kind: 'path', pathId: path.id })),
  };
}

function merge(known: CheckFinding, again: CheckFinding): CheckFinding {
  const pathIds = [...new Set([...known.pathIds, ...again.pathIds])];
  return { ...known, pathIds, evidence: pathIds.map(pathId => ({ kind: 'path', pathId })) };
}

function isOfKind<Kind extends Observation['kind']>(seen: Observation, kind: Kind): seen is Observed<Kind> {
  return seen.kind === kind;
}
