import { objectName } from '../../core/cell.ts';
import type { VerifiedFix } from '../../core/fix.ts';
import type { Gap } from '../../core/gap.ts';
import type { Path } from '../../core/path.ts';
import type {
  Attack,
  CommandResult,
  FixResult,
  ProbeResult,
  RescueResult,
  ResultBase,
  RulesResult,
  TraceResult,
  TriageResult,
} from '../../core/result.ts';
import { unreachable } from '../../core/unreachable.ts';
import { rescueSentence } from '../ledger.ts';
import { allFindings } from '../merge.ts';
import { orderGaps } from '../order.ts';
import { certaintyOf, count, grouped } from '../words.ts';
import type { FindingFile } from './finding.ts';
import { matrixSentence } from './matrix.ts';
import { type Standing, standingOf, worstStanding } from '../standing.ts';
import { groupBy } from '../../core/group.ts';

/** A number of the first screen; `was` is the same number before a rescue. */
export interface Figure {
  readonly label: string;
  readonly value: string;
  readonly was?: string;
  readonly tone: 'warm' | 'cool' | 'plain';
}

/** A result as it was at one time: a rescue has two, everything else one. */
export interface AtTime<Result> {
  readonly time: 'before' | 'after';
  readonly result: Result;
}

/** What the page shows, whatever command it comes from. */
export interface View {
  readonly result: CommandResult;
  readonly sentence: string;
  readonly lead: string;
  readonly figures: readonly Figure[];
  readonly traces: readonly AtTime<TraceResult>[];
  readonly rules: readonly AtTime<RulesResult>[];
  readonly probes: readonly AtTime<ProbeResult>[];
  readonly findings: readonly FindingFile[];
  readonly fixes: readonly VerifiedFix[];
  readonly gaps: readonly Gap[];
}

/** Gathers what the sections need; nothing is judged here. */
export function toView(result: CommandResult): View {
  switch (result.command) {
    case 'trace':
      return { ...base(result), ...traceHead(result), traces: [{ time: 'before', result }] };
    case 'rules':
      return { ...base(result), ...rulesHead(result), rules: [{ time: 'before', result }] };
    case 'probe':
      return { ...base(result), ...probeHead(result), probes: [{ time: 'before', result }] };
    case 'rescue':
      return rescueView(result);
    case 'fix':
      return { ...base(result), ...fixHead(result), fixes: result.fixes };
    case 'triage':
      return {
        ...base(result),
        ...triageHead(result),
        traces: result.trace === undefined ? [] : [{ time: 'before', result: result.trace }],
        rules: result.rules === undefined ? [] : [{ time: 'before', result: result.rules }],
      };
    default:
      return unreachable(result);
  }
}

function base(result: CommandResult): Omit<View, 'sentence' | 'lead' | 'figures'> {
  return {
    result,
    traces: [],
    rules: [],
    probes: [],
    fixes: [],
    findings: files(result),
    gaps: orderGaps(gapsOf(result)),
  };
}

type Head = Pick<View, 'sentence' | 'lead' | 'figures'>;

function traceHead(result: TraceResult): Head {
  const { summary } = result;
  return {
    sentence:
      summary.leaks === 0
        ? `None of ${count(summary.paths, 'path')} was found to leak.`
        : `${summary.leaks} of ${count(summary.paths, 'path')} ${summary.leaks === 1 ? 'lets' : 'let'} one customer reach another's data.`,
    lead: `Every way from ${count(summary.entryPoints, 'entry point')} to the rows of your database, judged. ${backing(result)}`,
    figures: [
      { label: 'leaking paths', value: grouped(summary.leaks), tone: summary.leaks > 0 ? 'warm' : 'cool' },
      { label: 'isolated paths', value: grouped(summary.isolated), tone: 'cool' },
      { label: 'could not be told', value: grouped(summary.unknown), tone: 'plain' },
      {
        label: 'queries reached',
        value: `${grouped(summary.querySites.reached)}/${grouped(summary.querySites.textual)}`,
        tone: 'plain',
      },
    ],
  };
}

function rulesHead(result: RulesResult): Head {
  const objects = groupBy([...groupBy(result.cells, objectName).values()], worstStanding);
  const number = (standing: Standing): number => objects.get(standing)?.length ?? 0;
  const cells = (standing: Standing): number => result.cells.filter(cell => standingOf(cell) === standing).length;
  const isProved = number('proved') > 0 && [...objects.keys()].every(each => each === 'proved' || each === 'public');
  return {
    sentence:
      number('leaks') > 0
        ? "Your database lets one customer reach another's rows."
        : isProved
          ? "Your database is proved to keep every tenant's rows apart."
          : "No attempt reached another tenant's rows in your database.",
    lead: matrixSentence(result.cells),
    figures: [
      {
        label: 'tables, views and functions that leak',
        value: grouped(number('leaks')),
        tone: number('leaks') > 0 ? 'warm' : 'cool',
      },
      { label: 'cells proved isolated', value: grouped(cells('proved')), tone: cells('proved') > 0 ? 'cool' : 'plain' },
      { label: 'cells isolated when tried', value: grouped(cells('tried') + cells('bounded')), tone: 'plain' },
      { label: 'cells that could not be told', value: grouped(cells('unknown')), tone: 'plain' },
    ],
  };
}

function probeHead(result: ProbeResult): Head {
  const leaked = result.attacks.filter(attack => attack.outcome === 'leaked').length;
  const tried = result.attacks.filter(attack => attack.outcome === 'leaked' || attack.outcome === 'held').length;
  const works = result.ownAccess.filter(check => check.outcome === 'works').length;
  return {
    sentence:
      leaked === 0
        ? "No attack got another customer's data out of the running app."
        : `${leaked} of ${count(tried, 'attack')} got another customer's data out of the running app.`,
    lead: `${result.coverage.exercised} of ${count(result.coverage.entryPoints, 'entry point')} were called with one tenant's session and another tenant's ids.`,
    figures: [
      { label: 'attacks that got through', value: grouped(leaked), tone: leaked > 0 ? 'warm' : 'cool' },
      { label: 'attacks tried', value: grouped(tried), tone: 'plain' },
      {
        label: 'own access working',
        value: `${grouped(works)}/${grouped(result.ownAccess.filter(check => check.outcome !== 'void').length)}`,
        tone: 'plain',
      },
      {
        label: 'entry points exercised',
        value: `${grouped(result.coverage.exercised)}/${grouped(result.coverage.entryPoints)}`,
        tone: 'plain',
      },
    ],
  };
}

function fixHead(result: FixResult): Head {
  const offered = result.fixes.filter(each => each.offered).length;
  return {
    sentence:
      offered === 0
        ? 'No repair held on a copy of your app.'
        : `${count(offered, 'repair')} held on a copy of your app.`,
    lead: 'Each was applied to a copy, and what is said about it was tried there.',
    figures: [
      { label: 'repairs that held', value: grouped(offered), tone: 'cool' },
      { label: 'repairs that did not', value: grouped(result.fixes.length - offered), tone: 'plain' },
      { label: 'findings left for a person', value: grouped(result.unrepaired.length), tone: 'plain' },
      { label: 'files changed', value: grouped(changedFiles(result).size), tone: 'plain' },
    ],
  };
}

function changedFiles(result: FixResult): ReadonlySet<string> {
  const offered = result.fixes.filter(each => each.offered);
  return new Set(offered.flatMap(({ fix }) => [...fix.edits, ...fix.newFiles].map(change => change.file)));
}

function triageHead(result: TriageResult): Head {
  const { tables, columns, secretColumns } = result.reach;
  return {
    sentence: result.headline,
    lead:
      result.todo.length === 0 ? '' : `First: ${result.todo.map(step => step.command ?? step.action).join(', then ')}.`,
    figures: [
      { label: 'ways in', value: grouped(result.findings.length), tone: result.findings.length > 0 ? 'warm' : 'cool' },
      { label: 'tables in reach', value: grouped(tables.length), tone: 'plain' },
      { label: 'columns in reach', value: grouped(columns), tone: 'plain' },
      { label: 'secret columns in reach', value: grouped(secretColumns), tone: secretColumns > 0 ? 'warm' : 'plain' },
    ],
  };
}

function rescueView(result: RescueResult): View {
  const { before, after, tests } = result;
  const repaired = result.fixes.filter(each => each.offered).length;
  return {
    ...base(result),
    sentence: rescueSentence(result),
    lead: rescueLead(result, repaired),
    figures: [
      {
        label: 'leaks exploited over HTTP',
        was: grouped(before.leaksExploited),
        value: grouped(after.leaksExploited),
        tone: after.leaksExploited > 0 ? 'warm' : 'cool',
      },
      {
        label: 'own access working',
        value: `${grouped(after.ownAccessWorking)}/${grouped(after.ownAccessChecks)}`,
        tone: after.ownAccessWorking < before.ownAccessWorking ? 'warm' : 'plain',
      },
      {
        label: `of ${count(after.tenantTables, 'table')} under policy`,
        was: grouped(before.tablesUnderPolicy),
        value: grouped(after.tablesUnderPolicy),
        tone: after.tablesUnderPolicy < after.tenantTables ? 'plain' : 'cool',
      },
      { label: 'regression tests written', value: grouped(tests.written), tone: 'plain' },
    ],
    traces: [
      { time: 'before', result: result.traceBefore },
      { time: 'after', result: result.traceAfter },
    ],
    rules: [
      { time: 'before', result: result.rulesBefore },
      { time: 'after', result: result.rulesAfter },
    ],
    probes: [
      { time: 'before', result: result.probeBefore },
      { time: 'after', result: result.probeAfter },
    ],
    fixes: result.fixes,
  };
}

function rescueLead(result: RescueResult, repaired: number): string {
  const open = result.unrepaired.length;
  const held = `${count(repaired, 'repair')} held on a copy of your app, which was judged, built and attacked again.`;
  return open === 0 ? held : `${held} ${count(open, 'finding')} ${open === 1 ? 'is' : 'are'} left for a person.`;
}

function files(result: CommandResult): readonly FindingFile[] {
  const paths = tracedPaths(result);
  return allFindings(result).map((finding, index): FindingFile => {
    const fixes =
      result.command === 'rescue' ? result.fixes.filter(each => each.fix.findings.includes(finding.fingerprint)) : [];
    const attacksAfter =
      result.command === 'rescue'
        ? result.probeAfter.attacks.filter(attack => confirms(attack, finding.fingerprint, result))
        : [];
    return {
      finding,
      number: index + 1,
      paths: paths.filter(path => finding.pathIds.includes(path.id)),
      fixes,
      attacksAfter,
      unrepaired:
        result.command === 'rescue'
          ? result.unrepaired.find(each => each.fingerprint === finding.fingerprint)?.reason
          : undefined,
      state: result.command !== 'rescue' ? 'untouched' : isOpen(result, finding.fingerprint) ? 'open' : 'repaired',
    };
  });
}

function tracedPaths(result: CommandResult): readonly Path[] {
  if (result.command === 'trace') return result.paths;
  if (result.command === 'triage') return result.trace?.paths ?? [];
  return result.command === 'rescue' ? result.traceBefore.paths : [];
}

/** An attack of the second round belongs to a finding when the same attack confirmed it in the first. */
function confirms(attack: Attack, fingerprint: string, result: RescueResult): boolean {
  const first = result.probeBefore.attacks.find(each => each.id === attack.id);
  return first !== undefined && first.outcome === 'leaked' && first.findings.includes(fingerprint);
}

/** A finding counts as repaired only when every stage that looked a second time no longer has it. */
function isOpen(result: RescueResult, fingerprint: string): boolean {
  const still = [...result.traceAfter.findings, ...result.rulesAfter.findings, ...result.probeAfter.findings];
  return (
    still.some(finding => finding.fingerprint === fingerprint) ||
    result.unrepaired.some(each => each.fingerprint === fingerprint)
  );
}

function gapsOf(result: ResultBase): readonly Gap[] {
  return [...new Map(result.gaps.map(gap => [`${gap.file}\n${gap.line}\n${gap.reason}`, gap])).values()];
}

function backing(result: TraceResult): string {
  const certain = result.findings.filter(
    finding => certaintyOf(finding) === 'seen' || certaintyOf(finding) === 'replayed',
  ).length;
  return certain > 0 ? `${certain} of the findings were replayed or seen in the running app.` : '';
}
