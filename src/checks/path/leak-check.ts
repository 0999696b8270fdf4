import type { Evidence } from '../../core/finding.ts';
import type { Path } from '../../core/path.ts';
import { comparePlaces, compareText, type Place } from '../../core/place.ts';
import { severityRank, type Reason, type Severity, type Verdict } from '../../core/verdict.ts';
import type { Check, CheckFinding, CheckInput, JudgedPath } from '../check.ts';
import { describeHarm, ownerOf } from '../harm.ts';
import type { Repair } from '../repair.ts';
import { unique } from './terms.ts';

/** What differs between the checks that turn leaking paths into findings. */
export interface LeakRule {
  readonly id: string;
  readonly title: string;
  readonly severity: Severity;
  readonly cwe: number;
  /** The verdict that it speaks for; `leaks` unless said. */
  readonly verdict?: Verdict;
  /** The reasons of a verdict that it speaks for. */
  readonly reasons: readonly Reason[];
  /** Narrows them where one reason has several checks. */
  readonly applies?: (path: JudgedPath, input: CheckInput) => boolean;
  /** The harm, where it is another than what the operation does to the table. */
  readonly harm?: (path: JudgedPath, input: CheckInput) => string;
  /** What backs the finding besides the path. */
  readonly evidence?: (path: JudgedPath, input: CheckInput) => readonly Evidence[];
  /** The fact in one sentence. */
  readonly message: (path: JudgedPath, input: CheckInput) => string;
  /** Absent where only a person can decide. */
  readonly repair?: (path: JudgedPath, input: CheckInput) => Repair;
  /** Where the fault is, when it is not the query. */
  readonly place?: (path: JudgedPath, input: CheckInput) => Place;
}

/** A check over leaking paths. Paths that share the faulty place, the table and the operation become one finding: one repair closes them. */
export function leakCheck(rule: LeakRule): Check {
  const { id, title, severity, cwe } = rule;
  return {
    id,
    title,
    severity,
    cwe,
    needs: 'app',
    judge: input => ({ findings: findLeaks(rule, input), gaps: [] }),
  };
}

function findLeaks(rule: LeakRule, input: CheckInput): readonly CheckFinding[] {
  const mine = input.paths.filter(
    path =>
      path.verdict === (rule.verdict ?? 'leaks') &&
      rule.reasons.includes(path.reason) &&
      (rule.applies?.(path, input) ?? true),
  );
  const groups = new Map<string, JudgedPath[]>();
  for (const path of mine.toSorted(compareEntries)) {
    const place = placeOf(rule, path, input);
    const key = [place.file, place.line, path.sink.table, path.sink.operation].join('\n');
    groups.set(key, [...(groups.get(key) ?? []), path]);
  }
  return [...groups.values()].flatMap(([first, ...others]) =>
    first === undefined ? [] : [toFinding(rule, [first, ...others], input)],
  );
}

function toFinding(rule: LeakRule, paths: readonly [JudgedPath, ...JudgedPath[]], input: CheckInput): CheckFinding {
  const worst =
    paths.toSorted(
      (left, right) => severityRank(severityOf(left, rule, input)) - severityRank(severityOf(right, rule, input)),
    )[0] ?? paths[0];
  const [first] = paths;
  const { table, operation } = worst.sink;
  const place = placeOf(rule, worst, input);
  const entryPoints = unique(paths.map(path => path.entryPoint.name));
  return {
    subject: `${first.entryPoint.name} → ${table} ${operation} in ${place.file}`,
    severity: severityOf(worst, rule, input),
    harm: harmOf(worst, rule, input),
    message: withOthers(
      worst.entryPoint.unsent === true ? `${rule.message(worst, input)} ${unsent}` : rule.message(worst, input),
      entryPoints.length - 1,
    ),
    file: place.file,
    line: place.line,
    ...(place.endLine === undefined ? {} : { endLine: place.endLine }),
    entryPoint: worst.entryPoint.name,
    object: table,
    pathIds: paths.map(path => path.id),
    evidence: [
      ...paths.map(path => ({ kind: 'path', pathId: path.id }) as const),
      ...(rule.evidence?.(worst, input) ?? []),
    ],
    ...(rule.repair === undefined ? {} : { repair: rule.repair(worst, input) }),
  };
}

const unsent =
  "No file of the browser imports this action, so its id is told to nobody yet; if only the server is to call it, take 'use server' off its file.";

function harmOf(path: JudgedPath, rule: LeakRule, input: CheckInput): string {
  const { table, operation } = path.sink;
  const harm = rule.harm?.(path, input) ?? describeHarm({ principal: path.principal, operation, table }, input.tenancy);
  return path.entryPoint.unsent === true ? `Once the browser gets this action: ${harm}` : harm;
}

/** Writing and reading without an account are worse than reading as some customer; so are secrets. */
function severityOf(path: JudgedPath, rule: LeakRule, { tenancy, database }: CheckInput): Severity {
  if (path.entryPoint.unsent === true) return 'low';
  if (rule.severity === 'medium' || rule.severity === 'low') return rule.severity;
  const called = database.functions.find(candidate => candidate.name === path.model.query.calls?.function);
  const writes = path.sink.operation !== 'read' || /\b(insert\s+into|update|delete\s+from)\b/i.test(called?.body ?? '');
  const secret = ownerOf(tenancy, path.sink.table)?.secretColumns ?? [];
  const { columns } = path.model.query;
  const readsSecret =
    path.sink.operation === 'read' && secret.some(column => columns === undefined || columns.includes(column));
  return writes || path.principal === 'anonymous' || readsSecret ? 'critical' : rule.severity;
}

function withOthers(message: string, others: number): string {
  return others === 0
    ? message
    : `${message} ${others === 1 ? 'One other entry point reaches' : `${others} other entry points reach`} it too.`;
}

function placeOf(rule: LeakRule, path: JudgedPath, input: CheckInput): Place {
  return rule.place?.(path, input) ?? path.sink;
}

function compareEntries(left: Path, right: Path): number {
  return (
    comparePlaces(left.sink, right.sink) ||
    compareText(left.entryPoint.name, right.entryPoint.name) ||
    compareText(left.id, right.id)
  );
}
