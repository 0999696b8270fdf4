import { blame } from '../collect/deployment/blame.ts';
import { standsAlone, type Finding } from '../core/finding.ts';
import { compareText } from '../core/place.ts';
import type { TriageResult } from '../core/result.ts';
import { ownersByTable } from '../logic/entails.ts';
import { sqlName, tablesByName } from '../logic/closure.ts';
import { analyse } from './analyse.ts';
import type { Analysis } from './analyse.ts';
import type { CommandContext } from './context.ts';
import { advised, stackOf, toRulesResult, toTraceResult } from './results.ts';
import { keptTrace } from './trace.ts';
import { toWholeTrace } from './whole-trace.ts';

/** `drydock`: is it happening, to whom, and what to do in the next ten minutes. */
export async function runTriage(
  root: string,
  options: { readonly migrations?: readonly string[]; readonly cache?: boolean },
  context: CommandContext,
): Promise<TriageResult> {
  const target = { root, ...(options.migrations === undefined ? {} : { migrations: options.migrations }) };
  const kept = options.cache === true ? keptTrace(target) : undefined;
  const analysis = await analyse({ ...target, halves: 'both' }, context);
  const [first] = analysis.missing;
  if (analysis.app === undefined && analysis.collected === undefined && first !== undefined) throw first;
  // What a reader asks next is a trace of the same.
  if (analysis.app !== undefined && analysis.collected !== undefined) kept?.keep(toWholeTrace(analysis, root));
  return toTriageResult(analysis);
}

/** An analysis as triage shows it. */
export async function toTriageResult(analysis: Analysis): Promise<TriageResult> {
  const { findings } = analysis.judged;
  return {
    command: 'triage',
    target: analysis.root,
    stack: stackOf(analysis),
    elapsedMs: analysis.elapsedMs,
    gaps: analysis.gaps,
    suppressed: analysis.suppressed,
    problems: analysis.problems,
    ...verdictOf(analysis),
    trace: analysis.app === undefined ? undefined : toTraceResult(analysis),
    rules: analysis.collected === undefined ? undefined : toRulesResult(analysis),
    findings: advised(findings, analysis),
    reach: reachOf(analysis),
    who: whoOf(analysis),
    since: await sinceOf(analysis.root, findings.filter(standsAlone)),
    todo: todoOf(analysis),
  };
}

function verdictOf({ judged, gaps, app, collected }: Analysis): Pick<TriageResult, 'verdict' | 'headline'> {
  const serious = judged.findings.filter(finding => finding.severity === 'critical' || finding.severity === 'high');
  const writes = judged.paths.some(path => path.verdict === 'leaks' && path.sink.operation !== 'read');
  if (serious.length > 0) {
    return {
      verdict: 'not-safe',
      headline: writes ? 'Customers can read and change each other’s data.' : 'Customers can read each other’s data.',
    };
  }
  if (judged.findings.length > 0)
    return {
      verdict: 'not-safe',
      headline:
        'No customer reads another’s rows on the paths that were traced, but there are faults to mend before launch.',
    };
  const untold = judged.paths.filter(path => path.verdict === 'unknown').length;
  if (app === undefined || collected === undefined || untold > 0) {
    return { verdict: 'could-not-tell', headline: 'No leak was found, but a part could not be judged.' };
  }
  const rest = gaps.length === 0 ? '' : ' What could not be read is listed below.';
  return { verdict: 'safe-as-far-as-seen', headline: `No path lets one customer reach another’s rows.${rest}` };
}

function reachOf({ judged, database, tenancy }: Analysis): TriageResult['reach'] {
  const leaking = judged.paths.filter(path => path.verdict === 'leaks').map(path => path.sink.table);
  const objects = judged.findings.flatMap(finding => (finding.object === undefined ? [] : [finding.object]));
  const known = new Set(database.tables.map(sqlName));
  const tables = [...new Set([...leaking, ...objects])].filter(table => known.has(table)).toSorted(compareText);
  const index = tablesByName(database);
  const owners = ownersByTable(tenancy);
  return {
    tables,
    columns: tables.reduce((sum, table) => sum + (index.get(table)?.columns.length ?? 0), 0),
    secretColumns: tables.reduce((sum, table) => sum + (owners.get(table)?.secretColumns.length ?? 0), 0),
  };
}

function whoOf({ judged }: Analysis): TriageResult['who'] {
  const principals = new Map(judged.paths.map(path => [path.id, path.principal]));
  const counts = new Map<string, number>();
  for (const finding of judged.findings.filter(standsAlone)) {
    const who = finding.pathIds.some(id => principals.get(id) === 'anonymous')
      ? 'anyone on the internet'
      : 'any signed-in user';
    counts.set(who, (counts.get(who) ?? 0) + 1);
  }
  return [...counts]
    .map(([principal, findings]) => ({ principal, findings }))
    .toSorted((left, right) => right.findings - left.findings);
}

async function sinceOf(root: string, findings: readonly Finding[]): Promise<TriageResult['since']> {
  const commits = await blame(root, findings);
  const counted = new Map<string, TriageResult['since'][number]>();
  for (const commit of commits) {
    if (commit === undefined) continue;
    counted.set(commit.commit, { ...commit, findings: (counted.get(commit.commit)?.findings ?? 0) + 1 });
  }
  return [...counted.values()].toSorted(
    (left, right) =>
      compareText(right.date, left.date) || right.findings - left.findings || compareText(left.commit, right.commit),
  );
}

function isDatabase(finding: Finding): boolean {
  return finding.check.startsWith('database/');
}

function todoOf({ judged, collected }: Analysis): TriageResult['todo'] {
  if (judged.findings.length === 0) return [];
  const first = judged.findings.slice(0, 1);
  const secrets = judged.findings.filter(finding => finding.check === 'exposure/secret-in-client-bundle');
  return [
    ...first.map(finding => ({
      action: 'see the worst of them, step by step',
      command: `drydock ${isDatabase(finding) ? 'rules' : 'trace'} ${finding.fingerprint.slice(0, 8)}`,
    })),
    ...secrets.map(finding => ({
      action: `rotate the key that is in your browser bundle (${finding.file}:${finding.line}), then revoke the old one`,
    })),
    ...(collected === undefined
      ? []
      : [
          {
            action: 'prove it in your running app, on an embedded Postgres with made-up tenants',
            command: 'drydock probe',
          },
        ]),
    { action: 'repair all of it on a copy, with proof that each repair holds', command: 'drydock rescue' },
  ];
}
