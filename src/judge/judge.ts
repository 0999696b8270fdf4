import { createHash } from 'node:crypto';

import type { Check, CheckFinding, CheckInput, JudgedPath } from '../checks/check.ts';
import type { Cell } from '../core/cell.ts';
import { compareFindings, type Finding } from '../core/finding.ts';
import type { Gap } from '../core/gap.ts';
import { compareText } from '../core/place.ts';
import type { AppModel } from '../model/app/types.ts';
import type { DatabaseModel } from '../model/database/types.ts';
import type { TenancyModel } from '../model/tenancy/types.ts';
import { joinableTenants } from './administrators.ts';
import { withCauses } from './causes.ts';
import { confirmedAddresses } from './confirmed-addresses.ts';
import { openTables, openThrough, shownTables } from './open-by-link.ts';
import { NeighbourCount } from './neighbours.ts';
import { judgeQuery, judgeReferences } from './paths.ts';
import { SiblingCount } from './siblings.ts';
import { tenantsOfUsers } from './tenants-of-users.ts';

/** What a judgement is made of. `app` is absent when only the database is judged. */
export interface JudgeInput {
  readonly app: AppModel | undefined;
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  readonly cells: readonly Cell[];
  readonly checks: readonly Check[];
  /** Entry points that the user declared public, with the reason. */
  readonly publicEntries?: ReadonlyMap<string, string>;
}

/** Paths with verdicts, findings in order, and what could not be told. */
export interface Judged {
  readonly paths: readonly JudgedPath[];
  readonly findings: readonly Finding[];
  readonly gaps: readonly Gap[];
}

/** Judges every path, runs every check, and puts what they found in order. Pure. */
export function judge(input: JudgeInput): Judged {
  const paths = judgePaths(input);
  const checkInput: CheckInput = { ...input, paths };
  // Of a table that only code names nobody knows the rules.
  const ruled: CheckInput = { ...checkInput, database: withoutSchemaTables(input.database) };
  const findings: Finding[] = [];
  const gaps: Gap[] = [...(input.app?.gaps ?? []), ...unknownGaps(paths)];
  for (const check of input.checks) {
    if (check.needs === 'app' && input.app === undefined) continue;
    const result = check.judge(check.needs === 'database' ? ruled : checkInput);
    findings.push(...withoutTwins(result.findings).map(found => toFinding(check, found)));
    gaps.push(...result.gaps);
  }
  const ranked = withCauses(
    withSurroundings(findings, paths, input.app).toSorted(compareFindings),
    paths,
    input,
  ).toSorted(compareFindings);
  return { paths, findings: ranked, gaps: mergeGaps(gaps) };
}

function withoutSchemaTables(database: DatabaseModel): DatabaseModel {
  const tables = database.tables.filter(table => table.fromSchema !== true);
  return tables.length === database.tables.length ? database : { ...database, tables };
}

/** Every query path and every reference it writes, judged; in the order of entry point, place and table. */
export function judgePaths(input: Omit<JudgeInput, 'checks'>): readonly JudgedPath[] {
  const queries = input.app?.queries ?? [];
  const open = openTables(input.app, input.database);
  const world = {
    ...input,
    open,
    openThrough: openThrough(input.app, input.database, open),
    shown: shownTables(input.app, input.database, open, input.tenancy),
    joinable: joinableTenants(input.app, input.tenancy),
    confirmed: confirmedAddresses(input.app, input.database, input.tenancy),
  };
  const informed = { ...world, ownTenants: tenantsOfUsers(input.app, world) };
  const paths = queries.flatMap(model => [...judgeQuery(model, informed), ...judgeReferences(model, informed)]);
  return paths.toSorted(comparePaths);
}

/** Findings about a path, with what the app does elsewhere: on the same table, and in the entry points around. */
function withSurroundings(
  findings: readonly Finding[],
  paths: readonly JudgedPath[],
  app: AppModel | undefined,
): readonly Finding[] {
  const count = new SiblingCount(paths);
  const around = app === undefined ? undefined : new NeighbourCount(app);
  const byId = new Map(paths.map(path => [path.id, path]));
  return findings.map(finding => {
    const own = finding.pathIds.flatMap(id => byId.get(id) ?? []);
    if (own.length === 0) return finding;
    const sinks = own.map(path => path.sink);
    const siblings = finding.object === undefined ? undefined : count.of(finding.object, sinks);
    const isOpen = own.every(path => path.principal === 'anonymous' && path.verdict === 'leaks');
    const neighbours = isOpen ? around?.of(finding.entryPoint ?? '') : undefined;
    return {
      ...finding,
      ...(siblings === undefined ? {} : { siblings }),
      ...(neighbours === undefined ? {} : { neighbours }),
    };
  });
}

function comparePaths(left: JudgedPath, right: JudgedPath): number {
  return (
    compareText(left.entryPoint.file, right.entryPoint.file) ||
    left.entryPoint.line - right.entryPoint.line ||
    compareText(left.entryPoint.name, right.entryPoint.name) ||
    compareText(left.sink.file, right.sink.file) ||
    left.sink.line - right.sink.line ||
    compareText(left.sink.table, right.sink.table) ||
    compareText(left.id, right.id)
  );
}

function toFinding(check: Check, found: CheckFinding): Finding {
  const { subject, severity, ...rest } = found;
  return {
    ...rest,
    check: check.id,
    cwe: check.cwe,
    severity: severity ?? check.severity,
    fingerprint: fingerprint(check.id, subject),
  };
}

/** Names a finding by what it is about, not where it stands, so that it survives unrelated edits. */
function fingerprint(check: string, subject: string): string {
  return createHash('sha256').update(`${check}\n${subject}`).digest('hex').slice(0, 16);
}

function withoutTwins(findings: readonly CheckFinding[]): readonly CheckFinding[] {
  const seen = new Map<string, CheckFinding>();
  for (const finding of findings) {
    const known = seen.get(finding.subject);
    seen.set(
      finding.subject,
      known === undefined ? finding : { ...known, pathIds: [...new Set([...known.pathIds, ...finding.pathIds])] },
    );
  }
  return [...seen.values()];
}

function unknownGaps(paths: readonly JudgedPath[]): readonly Gap[] {
  return paths
    .filter(path => path.verdict === 'unknown')
    .map(path => ({
      reason: path.notes[0] ?? 'Could not tell.',
      file: path.sink.file,
      line: path.sink.line,
      settles: 1,
    }));
}

/** One gap per reason and place; `settles` adds up. Most useful first. */
function mergeGaps(gaps: readonly Gap[]): readonly Gap[] {
  const merged = new Map<string, Gap>();
  for (const gap of gaps) {
    const key = `${gap.file}\n${gap.line}\n${gap.reason}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? gap : { ...known, settles: known.settles + gap.settles });
  }
  return [...merged.values()].toSorted(
    (left, right) =>
      right.settles - left.settles ||
      compareText(left.file, right.file) ||
      left.line - right.line ||
      compareText(left.reason, right.reason),
  );
}
