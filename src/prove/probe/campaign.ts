import type { SynthesisedVariable } from '../../collect/runtime/environment.ts';
import type { Finding } from '../../core/finding.ts';
import type { Attack, OwnAccessCheck } from '../../core/result.ts';
import type { AppModel } from '../../model/app/types.ts';
import { attack, makeReplay, tryOwnAccess, type OwnAccess, type PlannedAttack } from './attacks.ts';
import { scanBundle } from './bundle.ts';
import { cronPlan } from './cron.ts';
import type { Run } from './judge.ts';
import type { Lab } from './lab.ts';
import { buildStep, foreignVariants, type Assignment, type Target } from './plan.ts';
import { rolesOfFact } from './preparations.ts';
import type { PrincipalName } from './principals.ts';
import type { ReplayStep } from './replay.ts';
import { webhookPlan } from './webhooks.ts';

/** What a campaign works with. */
export interface CampaignInput {
  readonly lab: Lab;
  readonly targets: readonly Target[];
  readonly findings: readonly Finding[];
  readonly app: AppModel;
  readonly variables: readonly SynthesisedVariable[];
  readonly appRoot: string;
  readonly report: (text: string) => void;
}

/** Attacks and own-access checks, in the order they were made. */
export interface CampaignResult {
  readonly attacks: readonly Attack[];
  readonly ownAccess: readonly OwnAccessCheck[];
}

const attacker: PrincipalName = 'A.users.0';
const own: Assignment = () => 'A';

/**
 * Everything that is tried, reads first and writes last: each entry point as its owner, then in every foreign way.
 * One request at a time, so that a changed row or an outgoing call has one cause.
 */
export async function runCampaign(input: CampaignInput): Promise<CampaignResult> {
  const ledger = new Ledger(input);
  const asked = input.targets.filter(target => target.how !== 'webhook' && target.how !== 'cron');
  const ordered = [...asked.filter(target => !target.writes), ...asked.filter(target => target.writes)];
  const owned = new Map<Target, OwnAccess>();
  for (const target of ordered) {
    const access = await ledger.ownAccess(target);
    if (access !== undefined) owned.set(target, access);
    const step = buildStep(target, attacker, own, input.lab);
    if (step !== undefined)
      await ownRequestAttacks(ledger, target, step, principalOf(input, target) === attacker ? access?.run : undefined);
  }
  await cacheOrder(input, ledger, owned);
  for (const target of ordered) await foreignAttacks(input, ledger, target);
  await noninterference(input, ledger, owned);
  for (const target of input.targets) {
    if (target.how === 'webhook') await runPlans(ledger, target, webhookPlan(input.lab, target));
    if (target.how === 'cron') await runPlans(ledger, target, cronPlan(input.lab, target));
  }
  ledger.add(...scanBundle(input));
  return { attacks: ledger.attacks, ownAccess: ledger.checks };
}

/** Collects outcomes; of several attacks that show the same leak only the first is kept. */
class Ledger {
  readonly attacks: Attack[] = [];
  readonly checks: OwnAccessCheck[] = [];
  private readonly works = new Map<Target, boolean>();
  private readonly shown = new Set<string>();
  private readonly input: CampaignInput;

  constructor(input: CampaignInput) {
    this.input = input;
  }

  async ownAccess(target: Target): Promise<OwnAccess | undefined> {
    const as = principalOf(this.input, target);
    const step = buildStep(target, as, own, this.input.lab);
    if (step === undefined) {
      this.checks.push({
        entryPoint: target.entryPoint.name,
        principal: '',
        description: 'with its own rows',
        outcome: 'void',
        observed: 'no row could be made for a value of its request',
      });
      return undefined;
    }
    return this.ownAccessWith(target, [step], 'with its own rows');
  }

  async ownAccessWith(target: Target, steps: readonly ReplayStep[], words: string): Promise<OwnAccess> {
    const access = await tryOwnAccess(this.input.lab, target, makeReplay(target, steps, { kind: 'isolated' }), words);
    this.checks.push(access.check);
    this.works.set(target, access.works || this.works.get(target) === true);
    return access;
  }

  isKnown(target: Target): boolean {
    return this.attacks.some(entry => entry.entryPoint === target.entryPoint.name && entry.outcome === 'leaked');
  }

  async try(planned: PlannedAttack, earlier?: Run): Promise<Attack> {
    this.input.report(
      `${this.attacks.length} tried · ${this.attacks.filter(entry => entry.outcome === 'leaked').length} got through · ${planned.target.entryPoint.name}`,
    );
    const result = await attack(
      this.input.lab,
      planned,
      { findings: this.input.findings, ownAccessWorks: this.works.get(planned.target) ?? false },
      earlier,
    );
    this.add(result);
    return result;
  }

  add(...results: readonly Attack[]): void {
    for (const result of results) {
      const key = `${result.entryPoint} ${result.oracle ?? ''} ${result.table ?? ''}`;
      if (result.outcome === 'leaked' && this.shown.has(key)) continue;
      if (result.outcome === 'leaked') this.shown.add(key);
      this.attacks.push(result);
    }
  }
}

/**
 * Entry points that ask for a role of the whole app, or should, are used by the one user who was given it: theirs is the
 * access that a repair must leave.
 */
function principalOf(input: CampaignInput, target: Target): PrincipalName {
  const shouldAsk =
    input.findings.some(
      finding => finding.check === 'path/admin-without-role' && finding.entryPoint === target.entryPoint.name,
    ) || target.paths.some(path => path.reason === 'cross-role');
  const asksForRole =
    shouldAsk || target.paths.some(path => path.model.facts.some(fact => rolesOfFact(fact).length > 0));
  return asksForRole ? 'A.users.2' : attacker;
}

async function foreignAttacks(input: CampaignInput, ledger: Ledger, target: Target): Promise<void> {
  const { lab } = input;
  const variants = foreignVariants(target);
  let leaked = false;
  for (const variant of variants) {
    const step = buildStep(target, attacker, variant.assign, lab);
    if (step === undefined) continue;
    const result = await ledger.try({
      target,
      variant: variant.id,
      words: `with ${variant.words}`,
      replay: makeReplay(target, [step], { kind: 'isolated' }),
    });
    leaked ||= result.outcome === 'leaked';
    if (!leaked && variant.id === 'all-foreign' && step.kind === 'http' && target.entryPoint.kind === 'page')
      leaked = await navigationAttack(ledger, target, step);
  }
  await valueAttacks(input, ledger, target);
  if (!leaked && variants.length > 0 && target.entryPoint.kind !== 'metadata')
    await existenceAttack(input, ledger, target);
  if (
    !leaked &&
    variants.length > 0 &&
    target.entryPoint.kind !== 'metadata' &&
    (!target.writes || target.how === 'tool')
  )
    await foreignAggregate(input, ledger, target);
  await anonymousAttacks(input, ledger, target);
  if (target.paths.some(path => path.verdict === 'leaks' && path.reason === 'cross-role'))
    await roleAttack(input, ledger, target);
}

/** The owner's own request already shows lists without a tenant, secrets, and answers that a cache may keep. */
async function ownRequestAttacks(
  ledger: Ledger,
  target: Target,
  step: ReplayStep,
  ownRun: Run | undefined,
): Promise<void> {
  await ledger.try(
    {
      target,
      variant: 'own-request',
      words: 'asking for its own rows',
      replay: makeReplay(target, [step], { kind: 'isolated' }),
    },
    ownRun,
  );
  await ledger.try(
    {
      target,
      variant: 'secrets',
      words: 'looking for secret columns in its own answer',
      replay: makeReplay(target, [step], { kind: 'no-secret' }),
    },
    ownRun,
  );
  if (!target.writes)
    await ledger.try(
      {
        target,
        variant: 'shared-cache',
        words: 'as a shared cache would keep the answer',
        replay: makeReplay(target, [step], { kind: 'not-shared' }),
      },
      ownRun,
    );
}

/** Below the layouts of a page the router renders the page alone: a guard in a layout is not asked. */
async function navigationAttack(ledger: Ledger, target: Target, step: ReplayStep): Promise<boolean> {
  if (step.kind !== 'http') return false;
  const replay = makeReplay(target, [{ ...step, navigation: true }], { kind: 'isolated' });
  const result = await ledger.try({
    target,
    variant: 'navigation',
    words: 'with foreign ids, by a navigation below the layout',
    replay,
  });
  return result.outcome === 'leaked';
}

/** Values that the source compares a parameter with (`scope=all`) may take a filter away. */
async function valueAttacks(input: CampaignInput, ledger: Ledger, target: Target): Promise<void> {
  for (const field of target.fields) {
    if (
      field.location !== 'query' ||
      field.role.kind !== 'plain' ||
      (field.field.shape.kind !== 'string' && field.field.shape.kind !== 'unknown')
    )
      continue;
    const listed = field.field.shape.kind === 'string' ? (field.field.shape.values ?? []) : [];
    for (const value of [...listed.slice(0, 4), 'all']) {
      const step = buildStep(target, attacker, own, input.lab);
      if (step?.kind !== 'http') continue;
      const changed = { ...step, query: { ...step.query, [field.field.name]: value } };
      await ledger.try({
        target,
        variant: `${field.field.name}-${value}`,
        words: `with ${field.field.name}=${value}`,
        replay: makeReplay(target, [changed], { kind: 'isolated' }),
      });
    }
  }
}

async function existenceAttack(input: CampaignInput, ledger: Ledger, target: Target): Promise<void> {
  const objects = target.fields.filter(field => field.role.kind === 'object');
  if (objects.length === 0) return;
  const missing = buildStep(target, attacker, field => (objects.includes(field) ? 'missing' : 'A'), input.lab);
  const foreign = buildStep(target, attacker, field => (objects.includes(field) ? 'B' : 'A'), input.lab);
  if (missing === undefined || foreign === undefined) return;
  await ledger.try({
    target,
    variant: 'existence',
    words: 'comparing a foreign row with one that does not exist',
    replay: makeReplay(target, [missing, foreign], { kind: 'same-as-missing' }),
  });
}

/** Counts and sums of another tenant give no row away; they change with its rows. */
async function foreignAggregate(input: CampaignInput, ledger: Ledger, target: Target): Promise<void> {
  const step = buildStep(target, attacker, () => 'B', input.lab);
  if (step === undefined) return;
  await ledger.try({
    target,
    variant: 'foreign-aggregate',
    words: "with the ids of B, before and after B's rows changed",
    replay: makeReplay(target, [step, step, step], { kind: 'independent' }),
  });
}

/** Nobody, and somebody who has just signed up and belongs to no tenant. */
async function anonymousAttacks(input: CampaignInput, ledger: Ledger, target: Target): Promise<void> {
  if (target.fields.some(field => field.role.kind === 'capability')) return;
  for (const as of ['anonymous', 'stranger'] as const) {
    const step = buildStep(target, as, () => 'B', input.lab);
    if (step !== undefined)
      await ledger.try({
        target,
        variant: as,
        words: 'with the ids of B',
        replay: makeReplay(target, [step], { kind: 'isolated' }),
      });
  }
}

async function roleAttack(input: CampaignInput, ledger: Ledger, target: Target): Promise<void> {
  const step = buildStep(target, 'A.users.1', own, input.lab);
  if (step === undefined) return;
  await ledger.try({
    target,
    variant: 'role',
    words: 'at what only an administrator may use, in their own tenant',
    replay: makeReplay(target, [step], { kind: 'denied' }),
  });
}

/** B asks after A has asked: a cache without the tenant in its key hands B the rows of A. */
async function cacheOrder(input: CampaignInput, ledger: Ledger, owned: ReadonlyMap<Target, OwnAccess>): Promise<void> {
  for (const [target, access] of owned) {
    if (target.writes || !access.works || ledger.isKnown(target)) continue;
    const first = buildStep(target, attacker, own, input.lab);
    const second = buildStep(target, 'B.users.0', () => 'B', input.lab);
    if (first === undefined || second === undefined) continue;
    await ledger.try({
      target,
      variant: 'cache',
      words: 'asking after a user of tenant A has asked',
      replay: makeReplay(target, [first, second], { kind: 'isolated' }),
    });
  }
}

/** Sums and counts give no row away; they change when other tenants' rows change. */
async function noninterference(
  input: CampaignInput,
  ledger: Ledger,
  owned: ReadonlyMap<Target, OwnAccess>,
): Promise<void> {
  for (const [target, access] of owned) {
    if (
      !access.works ||
      ledger.isKnown(target) ||
      target.entryPoint.kind === 'metadata' ||
      (target.writes && target.how !== 'tool')
    )
      continue;
    const step = buildStep(target, attacker, own, input.lab);
    if (step === undefined) continue;
    await ledger.try({
      target,
      variant: 'aggregate',
      words: "while only other tenants' rows change",
      replay: makeReplay(target, [step, step, step], { kind: 'independent' }),
    });
  }
}

async function runPlans(
  ledger: Ledger,
  target: Target,
  plans: {
    readonly own: readonly { readonly steps: readonly ReplayStep[]; readonly words: string }[];
    readonly attacks: readonly PlannedAttack[];
  },
): Promise<void> {
  for (const plan of plans.own) await ledger.ownAccessWith(target, plan.steps, plan.words);
  for (const planned of plans.attacks) await ledger.try(planned);
}
