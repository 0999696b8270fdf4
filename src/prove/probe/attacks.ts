import type { Attack, OwnAccessCheck } from '../../core/result.ts';
import type { Finding } from '../../core/finding.ts';
import { answerEvidence, requestEvidence } from './evidence.ts';
import { judgeRun, ownRowsSeen, type Judgement, type Run } from './judge.ts';
import type { Lab } from './lab.ts';
import type { Target } from './plan.ts';
import type { PrincipalName } from './principals.ts';
import type { Expectation, Replay, ReplayStep } from './replay.ts';
import { sendReplay } from './runtime.ts';

/** An attack before it is sent. */
export interface PlannedAttack {
  readonly target: Target;
  /** Distinguishes the attacks of one entry point. */
  readonly variant: string;
  /** In words, after the principal: `with id of B`. */
  readonly words: string;
  readonly replay: Replay;
}

/** A replay of some steps. */
export function makeReplay(target: Target, steps: readonly ReplayStep[], expect: Expectation): Replay {
  const kind =
    steps.length > 1
      ? 'sequence'
      : target.how === 'webhook'
        ? 'webhook'
        : target.how === 'action' || target.how === 'form'
          ? 'action'
          : 'http';
  const part =
    target.entryPoint.kind === 'metadata'
      ? { part: 'metadata' }
      : target.entryPoint.kind === 'page'
        ? { part: 'page' }
        : {};
  const tables = target.tables.length === 0 ? {} : { tables: target.tables };
  return {
    kind,
    steps,
    expect,
    ...part,
    ...tables,
    ...(target.prepare.length === 0 ? {} : { prepare: target.prepare }),
  };
}

/** What an attack is reported with. */
export interface AttackContext {
  readonly findings: readonly Finding[];
  readonly ownAccessWorks: boolean;
}

/** Sends an attack and says what came of it; `earlier` is a run of the same steps that need not be sent again. */
export async function attack(lab: Lab, planned: PlannedAttack, context: AttackContext, earlier?: Run): Promise<Attack> {
  const run = earlier ?? (await sendReplay(lab, planned.replay));
  if ('unsent' in run) return unsent(planned, run.unsent);
  return toAttack(lab, planned, { run, judgement: judgeRun(lab, planned.replay, run) }, context);
}

function toAttack(
  lab: Lab,
  planned: PlannedAttack,
  outcomeOf: { readonly run: Run; readonly judgement: Judgement },
  context: AttackContext,
): Attack {
  const { run, judgement } = outcomeOf;
  const last = run.exchanges[run.exchanges.length - 1] ?? run.exchanges[0];
  const outcome = judgement.leaked ? 'leaked' : context.ownAccessWorks ? 'held' : 'void';
  const pathIds = pathsOf(planned.target, judgement);
  return {
    ...identity(planned),
    request: requestEvidence(lab, last),
    answer: answerEvidence(last, judgement),
    outcome,
    observed:
      outcome === 'void'
        ? `${judgement.observed}, but the owner's own request does not get through either`
        : judgement.observed,
    ...(judgement.oracle === undefined ? {} : { oracle: judgement.oracle }),
    ...tableOf(planned.target, judgement),
    pathIds,
    findings: judgement.leaked ? findingsOf(planned.target, judgement, pathIds, context.findings) : [],
    replay: planned.replay,
  };
}

/** The table that the oracle saw; where it only saw a difference, the one that the request's ids name. */
function tableOf(target: Target, judgement: Judgement): { readonly table?: string } {
  if (judgement.table !== undefined) return { table: judgement.table };
  const named =
    target.fields.flatMap(field => (field.role.kind === 'object' ? [field.role.table] : []))[0] ??
    target.paths.find(path => path.verdict === 'leaks')?.sink.table ??
    target.tables[0];
  return judgement.leaked && named !== undefined ? { table: named } : {};
}

function unsent(planned: PlannedAttack, reason: string): Attack {
  return {
    ...identity(planned),
    request: { method: planned.target.method, url: planned.target.route?.pattern ?? '', headers: {} },
    answer: { status: 0, excerpt: '' },
    outcome: 'not-reachable',
    observed: reason,
    pathIds: [],
    findings: [],
    replay: planned.replay,
  };
}

function identity(planned: PlannedAttack): Pick<Attack, 'id' | 'entryPoint' | 'principal' | 'description'> {
  const principal = planned.replay.steps.at(-1)?.as ?? 'anonymous';
  return {
    id: `${planned.target.entryPoint.name} · ${planned.variant}`,
    entryPoint: planned.target.entryPoint.name,
    principal: principalWords(principal),
    description: `${principalWords(principal)}, ${planned.words}`,
  };
}

/** `a user of tenant A`, `nobody signed in`. */
export function principalWords(name: PrincipalName): string {
  const match = /^([ABC])\.users\.(\d+)$/.exec(name);
  if (match === null) return name === 'anonymous' ? 'nobody signed in' : name;
  return match[2] === '0'
    ? `a user of tenant ${match[1] ?? ''}`
    : `${match[2] === '1' ? 'an ordinary member' : 'an administrator'} of tenant ${match[1] ?? ''}`;
}

/** The paths an attack went along: those of the entry point that reach the table, leaking ones first. */
function pathsOf(target: Target, judgement: Judgement): readonly string[] {
  const leaking = target.paths.filter(path => path.verdict === 'leaks');
  const onTable = leaking.filter(path => path.sink.table === judgement.table);
  return (onTable.length > 0 ? onTable : judgement.leaked ? leaking : []).map(path => path.id);
}

/** Findings of the entry point: those about the table where there are some, otherwise those that share a path. */
function findingsOf(
  target: Target,
  judgement: Judgement,
  pathIds: readonly string[],
  findings: readonly Finding[],
): readonly string[] {
  const related = findings.filter(
    finding => finding.entryPoint === target.entryPoint.name || finding.pathIds.some(id => pathIds.includes(id)),
  );
  const about = related.filter(
    finding =>
      finding.object === undefined ||
      judgement.table === undefined ||
      finding.object === judgement.table ||
      finding.pathIds.some(id => pathIds.includes(id)),
  );
  return [...new Set((about.length > 0 ? about : related).map(finding => finding.fingerprint))];
}

/** The owner's own use of an entry point. */
export interface OwnAccess {
  readonly check: OwnAccessCheck;
  readonly works: boolean;
  readonly run: Run | undefined;
}

/** Uses an entry point as its owner, with the owner's own values. */
export async function tryOwnAccess(lab: Lab, target: Target, replay: Replay, words: string): Promise<OwnAccess> {
  const principal = principalWords(replay.steps.at(-1)?.as ?? 'anonymous');
  const base = { entryPoint: target.entryPoint.name, principal, description: `${principal}, ${words}` };
  const run = await sendReplay(lab, replay);
  if ('unsent' in run)
    return { check: { ...base, outcome: 'void', observed: run.unsent }, works: false, run: undefined };
  const seen = ownRowsSeen(lab, replay, run);
  return {
    check: { ...base, outcome: seen.works ? 'works' : 'void', observed: seen.observed },
    works: seen.works,
    run,
  };
}
