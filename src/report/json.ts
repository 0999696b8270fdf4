import { isAbsolute, posix, relative } from 'node:path';
import type { Advice } from '../core/advice.ts';
import type { Cell, CellEvidence } from '../core/cell.ts';
import type { Evidence, Finding } from '../core/finding.ts';
import type { VerifiedFix } from '../core/fix.ts';
import type { Gap } from '../core/gap.ts';
import type { EntryPoint, Path } from '../core/path.ts';
import { redact } from '../core/redact.ts';
import type {
  Attack,
  CommandResult,
  FixResult,
  GuardOffer,
  Ledger,
  OwnAccessCheck,
  ProbeResult,
  RescueResult,
  ResultBase,
  RulesResult,
  TraceResult,
  TriageResult,
} from '../core/result.ts';
import type { Change, Gate, PolicySpeed, TableRules } from '../core/rules.ts';
import { unreachable } from '../core/unreachable.ts';
import { orderCells, orderFindings, orderGaps, orderPaths } from './order.ts';
import { drydockVersion } from './version.ts';

/** Changes when a field goes or changes its meaning; a new field does not change it. */
export const schemaVersion = 1;

/**
 * A result as the JSON that other programs read. Fields are named one by one, so that what the stages carry along
 * for each other never leaks into the contract, and the order is the same in every run.
 */
export function toJson(result: CommandResult): string {
  const document = toDocument(result);
  const isLarge = result.command === 'rules' && result.cells.length > 1000;
  return `${isLarge ? withLines(document, ['cells', 'tables']) : JSON.stringify(document, hidingSecrets(), 2)}\n`;
}

/** The same document, with each element of these lists on a line of its own: a fifth of a large one is indentation. */
function withLines(document: Json, lists: readonly string[]): string {
  const hiding = hidingSecrets();
  const around = Object.fromEntries(
    Object.entries(document).map(([key, value]) => [key, lists.includes(key) && Array.isArray(value) ? [] : value]),
  );
  const filled = lists.flatMap(key => {
    const list = document[key];
    const lines = Array.isArray(list) ? list.map(each => `    ${JSON.stringify(each, hiding)}`) : [];
    return lines.length === 0 ? [] : [[`\n  "${key}": []`, `\n  "${key}": [\n${lines.join(',\n')}\n  ]`] as const];
  });
  return filled.reduce((text, [empty, full]) => text.replace(empty, () => full), JSON.stringify(around, hiding, 2));
}

type Json = Readonly<Record<string, unknown>>;

function toDocument(result: CommandResult): Json {
  switch (result.command) {
    case 'trace':
      return envelope(result, traceBody(result));
    case 'rules':
      return envelope(result, rulesBody(result));
    case 'probe':
      return envelope(result, probeBody(result));
    case 'fix':
      return envelope(result, fixBody(result));
    case 'rescue':
      return envelope(result, rescueBody(result));
    case 'triage':
      return envelope(result, triageBody(result));
    default:
      return unreachable(result);
  }
}

function envelope(result: ResultBase & { readonly command: string }, body: Json): Json {
  return {
    schemaVersion,
    command: result.command,
    drydock: drydockVersion,
    target: targetName(result.target),
    stack: result.stack,
    elapsedMs: Math.round(result.elapsedMs),
    ...body,
    suppressed: (result.suppressed ?? []).map(({ finding, reason, place }) => ({
      ...findingJson(finding),
      suppressed: { reason, file: slashes(place.file), line: place.line },
    })),
    problems: (result.problems ?? []).map(({ kind, message, file, line }) => ({
      kind,
      message,
      file: slashes(file),
      line,
    })),
    gaps: orderGaps(result.gaps).map(gapJson),
  };
}

/** A folder's own name or an address: the path above it differs between machines and would make equal runs differ. */
function targetName(target: string): string {
  return /^[a-z]+:\/\//i.test(target) ? target : (slashes(target).replace(/\/+$/, '').split('/').at(-1) ?? target);
}

function slashes(path: string): string {
  return path.replaceAll('\\', '/');
}

function traceBody(result: TraceResult): Json {
  const { summary } = result;
  return {
    summary: {
      entryPoints: summary.entryPoints,
      paths: summary.paths,
      isolated: summary.isolated,
      leaks: summary.leaks,
      public: summary.public,
      broken: summary.broken,
      unknown: summary.unknown,
      querySites: {
        reached: summary.querySites.reached,
        textual: summary.querySites.textual,
        unused: summary.querySites.unused,
      },
      files: summary.files,
      elapsedMs: Math.round(summary.elapsedMs),
    },
    entryPoints: result.entryPoints.map(entryPointJson),
    paths: orderPaths(result.paths).map(pathJson),
    findings: orderFindings(result.findings).map(findingJson),
    known: result.known,
    settlings: (result.settlings ?? []).map(({ cause, declaration, paths, file, line }) => ({
      cause,
      declaration,
      paths,
      file: slashes(file),
      line,
    })),
    policy: result.policy?.map(({ table, owner, predicates }) => ({
      table,
      owner,
      predicates: predicates.map(({ predicate, operation, role, verdict, entryPoints }) => ({
        predicate,
        operation,
        role,
        verdict,
        entryPoints,
      })),
    })),
  };
}

function rulesBody(result: RulesResult): Json {
  return {
    replay: {
      files: result.replay.files,
      statements: result.replay.statements,
      failed: result.replay.failed.map(failure => ({
        file: slashes(failure.file),
        line: failure.line,
        sqlstate: failure.sqlstate,
        message: failure.message,
        firstCause: failure.firstCause,
      })),
    },
    tenancy: {
      root: result.tenancy.root ?? null,
      principal: result.tenancy.principal ?? null,
      memberships: result.tenancy.memberships,
      ...(result.tenancy.tenantColumns === undefined ? {} : { tenantColumns: result.tenancy.tenantColumns }),
      owners: result.tenancy.owners.map(owner => ({
        table: owner.table,
        path: owner.path,
        kind: owner.kind,
        confidence: owner.confidence,
      })),
    },
    cells: cellsJson(orderCells(result.cells)),
    cutShort: result.isCutShort,
    findings: orderFindings(result.findings).map(findingJson),
    causes: result.causes?.map(cause => ({
      function: cause.function,
      fault: cause.fault,
      objects: cause.objects,
      cells: cause.cells,
      file: cause.file === undefined ? undefined : slashes(cause.file),
      line: cause.line,
    })),
    known: result.known,
    tables: result.tables?.map(tableRulesJson),
    gate: result.gate === undefined ? undefined : gateJson(result.gate),
    since: result.diff?.since,
    changes: result.diff?.changes.map(changeJson),
    speeds: result.speeds?.map(speedJson),
  };
}

function tableRulesJson({ table, rowSecurity, forced, policies, grants, file, line }: TableRules): Json {
  return {
    table,
    rowSecurity,
    forced,
    policies: policies.map(({ name, command, permissive, roles, using, check, ...place }) => ({
      name,
      command,
      permissive,
      roles,
      using,
      check,
      file: place.file === undefined ? undefined : slashes(place.file),
      line: place.line,
    })),
    grants: grants.map(({ role, privileges }) => ({ role, privileges })),
    file: file === undefined ? undefined : slashes(file),
    line,
  };
}

function speedJson({ table, role, rows, tenants, visible, asWritten, faster }: PolicySpeed): Json {
  return {
    table,
    role,
    rows,
    tenants,
    visible,
    asWritten: { plan: asWritten.plan, elapsedMs: asWritten.elapsedMs },
    faster:
      faster === undefined
        ? undefined
        : {
            statements: faster.statements,
            equivalence: faster.equivalence,
            because: faster.because,
            plan: faster.plan,
            elapsedMs: faster.elapsedMs,
          },
  };
}

function gateJson({ expects, because, tables, since, faults }: Gate): Json {
  return {
    expects,
    because,
    tables,
    since,
    faults: faults.map(({ table, kind, message, sql, file, line }) => ({
      table,
      kind,
      message,
      sql,
      file: slashes(file),
      line,
    })),
  };
}

function changeJson(change: Change): Json {
  const { direction, kind, object, role, actors, commands, before, after, words, file, line } = change;
  return {
    direction,
    kind,
    object,
    role,
    actors,
    commands,
    before,
    after,
    words,
    file: file === undefined ? undefined : slashes(file),
    line,
  };
}

function probeBody(result: ProbeResult): Json {
  return {
    coverage: {
      entryPoints: result.coverage.entryPoints,
      exercised: result.coverage.exercised,
      notReachable: result.coverage.notReachable,
    },
    attacks: result.attacks.map(attackJson),
    ownAccess: result.ownAccess.map(ownAccessJson),
    timings: timingsJson(result.timings),
    findings: orderFindings(result.findings).map(findingJson),
  };
}

function fixBody(result: FixResult): Json {
  return {
    fixes: result.fixes.map(fixJson),
    unrepaired: result.unrepaired.map(unrepairedJson),
    ...(result.guard === undefined ? {} : { guard: guardJson(result.guard) }),
  };
}

function guardJson({ command, findings, files, moved, verification }: GuardOffer): Json {
  return {
    command,
    findings,
    files: files.map(slashes),
    moved: moved.map(slashes),
    verification: verification.map(({ step, outcome, detail }) => ({ step, outcome, detail })),
  };
}

function rescueBody(result: RescueResult): Json {
  return {
    before: ledgerJson(result.before),
    after: ledgerJson(result.after),
    branch: result.branch,
    workFolder: workFolderName(result),
    filesChanged: result.filesChanged.map(slashes),
    fixes: result.fixes.map(fixJson),
    unrepaired: result.unrepaired.map(unrepairedJson),
    tests: {
      written: result.tests.written,
      failingBefore: result.tests.failingBefore,
      passingAfter: result.tests.passingAfter,
      files: result.tests.files.map(slashes),
    },
    timings: timingsJson(result.timings),
    traceBefore: toDocument(result.traceBefore),
    traceAfter: toDocument(result.traceAfter),
    rulesBefore: toDocument(result.rulesBefore),
    rulesAfter: toDocument(result.rulesAfter),
    probeBefore: toDocument(result.probeBefore),
    probeAfter: toDocument(result.probeAfter),
  };
}

function workFolderName(result: RescueResult): string {
  if (!isAbsolute(result.workFolder)) return posix.normalize(slashes(result.workFolder));
  const inside = relative(result.target, result.workFolder);
  return inside.startsWith('..') || isAbsolute(inside) ? targetName(result.workFolder) : slashes(inside);
}

function triageBody(result: TriageResult): Json {
  return {
    verdict: result.verdict,
    headline: result.headline,
    reach: result.reach,
    who: result.who,
    since: result.since,
    todo: result.todo,
    trace: result.trace === undefined ? null : toDocument(result.trace),
    rules: result.rules === undefined ? null : toDocument(result.rules),
    findings: orderFindings(result.findings).map(findingJson),
  };
}

function entryPointJson(entryPoint: EntryPoint): Json {
  return {
    kind: entryPoint.kind,
    name: entryPoint.name,
    file: slashes(entryPoint.file),
    line: entryPoint.line,
    symbol: entryPoint.symbol,
    route: entryPoint.route,
    method: entryPoint.method,
    unsent: entryPoint.unsent,
  };
}

function pathJson(path: Path): Json {
  return {
    id: path.id,
    verdict: path.verdict,
    reason: path.reason,
    principal: path.principal,
    entryPoint: entryPointJson(path.entryPoint),
    sink: {
      file: slashes(path.sink.file),
      line: path.sink.line,
      endLine: path.sink.endLine ?? path.sink.line,
      table: path.sink.table,
      operation: path.sink.operation,
      client: path.sink.client,
      role: path.sink.role,
    },
    steps: path.steps.map(step => ({
      role: step.role,
      label: step.label,
      file: slashes(step.file),
      line: step.line,
      code: step.code,
    })),
    sql: path.sql,
    unbound: path.unbound,
    notes: path.notes,
  };
}

function findingJson(finding: Finding): Json {
  return {
    check: finding.check,
    fingerprint: finding.fingerprint,
    severity: finding.severity,
    harm: finding.harm,
    message: finding.message,
    cwe: finding.cwe,
    file: slashes(finding.file),
    line: finding.line,
    endLine: finding.endLine ?? finding.line,
    entryPoint: finding.entryPoint,
    object: finding.object,
    pathIds: finding.pathIds,
    consequenceOf: finding.consequenceOf,
    causedBy: finding.causedBy,
    neighbours: finding.neighbours === undefined ? undefined : { ...finding.neighbours },
    siblings: finding.siblings === undefined ? undefined : { ...finding.siblings },
    evidence: finding.evidence.map(evidenceJson),
    repair: finding.repair?.kind,
    advice: finding.advice === undefined ? undefined : adviceJson(finding.advice),
  };
}

function adviceJson({ confidence, assumptions, nearby, request, sibling, suppress }: Advice): Json {
  return {
    confidence,
    assumptions,
    nearby: nearby.map(({ label, why, file, line }) => ({ label, why, file: slashes(file), line })),
    request: request === undefined ? undefined : { ...request },
    sibling:
      sibling === undefined
        ? undefined
        : {
            file: slashes(sibling.file),
            line: sibling.line,
            entryPoint: sibling.entryPoint,
            sameTable: sibling.sameTable,
            condition: sibling.condition,
            hint: sibling.hint.map(({ sign, text }) => `${sign} ${text}`),
          },
    suppress: { comment: suppress.comment, file: slashes(suppress.place.file), line: suppress.place.line },
  };
}

function evidenceJson(evidence: Evidence): Json {
  switch (evidence.kind) {
    case 'path':
      return { kind: 'path', pathId: evidence.pathId };
    case 'policy':
      return { kind: 'policy', object: evidence.object, statement: evidence.statement };
    case 'replay':
      return {
        kind: 'replay',
        object: evidence.object,
        role: evidence.role,
        command: evidence.command,
        transcript: evidence.transcript,
      };
    case 'probe':
      return {
        kind: 'probe',
        attackId: evidence.attackId,
        principal: evidence.principal,
        observed: evidence.observed,
        request: evidence.request,
        answer: evidence.answer,
      };
    default:
      return unreachable(evidence);
  }
}

/** From so many cells on, what proofs say for several actors alike is said once. */
const manyCells = 10_000;

function cellsJson(cells: readonly Cell[]): readonly Json[] {
  if (cells.length <= manyCells) return cells.map(cell => cellJson(cell));
  const said = new Map<string, Cell['actor']>();
  return cells.map(cell =>
    cellJson(cell, ({ kind, transcript }) => {
      if (kind === 'replay') return undefined;
      const key = [cell.schema, cell.object, cell.bucket, cell.role, cell.command, kind, transcript].join('\n');
      const first = said.get(key);
      if (first === undefined) said.set(key, cell.actor);
      return first;
    }),
  );
}

/** A cell; `sameAs` names another actor in whose cell of this object, role and command the same evidence stands. */
function cellJson(cell: Cell, sameAs: (evidence: CellEvidence) => Cell['actor'] | undefined = () => undefined): Json {
  return {
    schema: cell.schema,
    object: cell.object,
    objectKind: cell.objectKind,
    bucket: cell.bucket,
    role: cell.role,
    actor: cell.actor,
    command: cell.command,
    verdict: cell.verdict,
    tier: cell.tier,
    because: cell.because,
    policy: cell.policy,
    behind:
      cell.behind === undefined
        ? undefined
        : {
            verdict: cell.behind.verdict,
            because: cell.behind.because,
            transcripts: cell.behind.evidence.map(each => each.transcript),
          },
    alsoOpen: cell.alsoOpen?.map(({ policy, because }) => ({ policy, because })),
    evidence: cell.evidence.map(evidence => {
      const elapsedMs = Math.round(evidence.elapsedMs);
      const actor = sameAs(evidence);
      return actor === undefined
        ? { kind: evidence.kind, transcript: evidence.transcript, assumptions: evidence.assumptions, elapsedMs }
        : { kind: evidence.kind, sameAs: actor, elapsedMs };
    }),
  };
}

function attackJson(attack: Attack): Json {
  return {
    id: attack.id,
    entryPoint: attack.entryPoint,
    principal: attack.principal,
    description: attack.description,
    outcome: attack.outcome,
    observed: attack.observed,
    oracle: attack.oracle,
    table: attack.table,
    request: attack.request,
    answer: attack.answer,
    pathIds: attack.pathIds,
    findings: attack.findings,
  };
}

function ownAccessJson(check: OwnAccessCheck): Json {
  return {
    entryPoint: check.entryPoint,
    principal: check.principal,
    description: check.description,
    outcome: check.outcome,
    observed: check.observed,
  };
}

function fixJson(verified: VerifiedFix): Json {
  return {
    title: verified.fix.title,
    explanation: verified.fix.explanation,
    offered: verified.offered,
    findings: verified.fix.findings,
    files: changedFiles(verified),
    basis: verified.fix.basis,
    verification: verified.verification,
    diff: verified.diff,
    rollbackSql: verified.fix.rollbackSql,
  };
}

function changedFiles(verified: VerifiedFix): readonly string[] {
  const files = [...verified.fix.edits, ...verified.fix.newFiles].map(change => slashes(change.file));
  return [...new Set(files)].sort();
}

function ledgerJson(ledger: Ledger): Json {
  return {
    leaksExploited: ledger.leaksExploited,
    attacks: ledger.attacks,
    ownAccessWorking: ledger.ownAccessWorking,
    ownAccessChecks: ledger.ownAccessChecks,
    tablesUnderPolicy: ledger.tablesUnderPolicy,
    tenantTables: ledger.tenantTables,
    leakingPaths: ledger.leakingPaths,
    leakingCells: ledger.leakingCells,
  };
}

function unrepairedJson(entry: { readonly fingerprint: string; readonly reason: string }): Json {
  return { fingerprint: entry.fingerprint, reason: entry.reason };
}

function timingsJson(timings: readonly { readonly stage: string; readonly elapsedMs: number }[]): readonly Json[] {
  return timings.map(timing => ({ stage: timing.stage, elapsedMs: Math.round(timing.elapsedMs) }));
}

function gapJson(gap: Gap): Json {
  return { reason: gap.reason, file: slashes(gap.file), line: gap.line, settles: gap.settles };
}

/** Names of files and ids join records with each other, so they stay as they are; every other text is redacted. */
const joined: ReadonlySet<string> = new Set(['file', 'files', 'id', 'fingerprint', 'pathId', 'check', 'table']);

function hidingSecrets(): (key: string, value: unknown) => unknown {
  // Paths share most of their steps.
  const known = new Map<string, string>();
  return (key, value) => {
    if (typeof value !== 'string' || joined.has(key)) return value;
    const told = known.get(value) ?? redact(value);
    known.set(value, told);
    return told;
  };
}
