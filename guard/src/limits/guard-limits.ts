import type { GuardError } from '../errors.ts';
import { idHasher, type IdHash } from '../events/hash.ts';
import { report } from '../events/event.ts';
import type { Before, CallFacts } from '../hooks.ts';
import { refuse } from '../refusal.ts';
import { networkOf } from './address.ts';
import { counterIn, type Budget, type Count, type Counter, type LimitStore } from './store.ts';

/** By whom something is counted. */
export type LimitKey = 'user' | 'tenant' | 'address';

/** What one name is allowed: a budget for each kind of key, all used together. */
export interface LimitRule {
  readonly user?: Budget;
  readonly tenant?: Budget;
  readonly address?: Budget;
  /** Without the store: refuse, or count in the memory of this instance. */
  readonly onStoreError: 'deny' | 'allow';
}

/** What limits need to know. */
export interface GuardLimitsOptions<Name extends string> {
  readonly store: LimitStore;
  /** The secret with which keys are hashed before they are stored; the same in all instances. */
  readonly hashKey: string;
  /** By the name of the call, compared exactly. */
  readonly rules: Readonly<Record<Name, LimitRule>>;
  /** For all calls of a kind, besides their own rule. */
  readonly kinds?: Readonly<Partial<Record<CallFacts['kind'], LimitRule>>>;
  /** After this long the store counts as away. 1 s. */
  readonly timeoutMs?: number;
}

/** Who asks, as far as is known. */
export type LimitFacts = Pick<CallFacts, LimitKey>;

/** Limits by name. */
export interface GuardLimits<Name extends string> {
  /** Counts one call, and throws a `GuardError` with `retryAfter` when any of its budgets is used up. */
  consume(name: Name, facts: LimitFacts): Promise<void>;
  /** Gives a user their budget back: after they signed in. Their address keeps what it has used. */
  forgive(name: Name, user: string): Promise<void>;
  /** For `before` of routes and actions: counts calls that have a rule, by name or kind. */
  readonly before: Before;
}

/**
 * What is usual: sign-in, export, invitation and search. Sign-in and export are refused while the store is away.
 *
 * @example
 * const rules = { ...usualLimits, 'reset password': usualLimits.login };
 */
export const usualLimits = {
  login: {
    user: { points: 10, seconds: 900 },
    address: { points: 50, seconds: 900 },
    onStoreError: 'deny',
  },
  export: {
    user: { points: 10, seconds: 3600 },
    tenant: { points: 30, seconds: 3600 },
    address: { points: 60, seconds: 3600 },
    onStoreError: 'deny',
  },
  invite: {
    user: { points: 20, seconds: 3600 },
    tenant: { points: 100, seconds: 86_400 },
    address: { points: 60, seconds: 3600 },
    onStoreError: 'deny',
  },
  search: {
    user: { points: 60, seconds: 60 },
    tenant: { points: 600, seconds: 60 },
    address: { points: 300, seconds: 60 },
    onStoreError: 'allow',
  },
} as const satisfies Readonly<Record<string, LimitRule>>;

/**
 * Limits by user, tenant and address, counted by rate-limiter-flexible in memory, Postgres or Redis.
 *
 * @example
 * export const limits = guardLimits({ store: { kind: 'postgres', pool: plainPool }, hashKey: limitKey, rules: usualLimits });
 * await limits.consume('login', { user: email, address });
 */
export function guardLimits<Name extends string>(options: GuardLimitsOptions<Name>): GuardLimits<Name> {
  const hash = idHasher({ key: options.hashKey, rotation: 'never' });
  const byName = new Map(
    Object.entries<LimitRule>(options.rules).map(([name, rule]) => [name, meters(options, hash, `name:${name}`, rule)]),
  );
  const byKind = new Map(
    Object.entries<LimitRule>(options.kinds ?? {}).map(([kind, rule]) => [
      kind,
      meters(options, hash, `kind:${kind}`, rule),
    ]),
  );
  const before = async (facts: CallFacts): Promise<void> => {
    const rules = [byName.get(facts.name), byKind.get(facts.kind)];
    for (const rule of rules) {
      // oxlint-disable-next-line no-await-in-loop -- what the first refuses the second need not count
      if (rule !== undefined) await consume(facts.name, rule, facts);
    }
  };
  return {
    consume: async (name, facts) => consume(name, known(byName.get(name), name), facts),
    forgive: (name, user) => known(byName.get(name), name).forgive(user),
    before: Object.assign(before, { refused: refusedIn(options, hash) }),
  };
}

/**
 * Counts calls that were refused, by the budgets of the same rules but apart: pages of other sites can send a browser there
 * without its owner's will, and must not use up what is theirs. Refused they are anyway, so that a store that is away
 * changes nothing.
 */
function refusedIn({ rules, kinds = {}, ...options }: GuardLimitsOptions<string>, hash: IdHash): Before {
  const made = new Map<string, Meters>();
  const metersOf = (name: string, rule: LimitRule): Meters => {
    const own = made.get(name) ?? meters(options, hash, `refused:${name}`, rule);
    made.set(name, own);
    return own;
  };
  return async facts => {
    const own = Object.hasOwn(rules, facts.name) ? rules[facts.name] : undefined;
    const applying = [[`name:${facts.name}`, own] as const, [`kind:${facts.kind}`, kinds[facts.kind]] as const];
    for (const [name, rule] of applying) {
      // Of whom nothing is known nothing is counted: one budget for all of them would turn guests away from the sign-in page.
      const isKnown = rule !== undefined && keys.some(key => rule[key] !== undefined && facts[key] !== undefined);
      // oxlint-disable-next-line no-await-in-loop -- what the first refuses the second need not count
      if (isKnown) refuseOver(facts.name, await metersOf(name, rule).count(facts));
    }
  };
}

/** The counters of one rule. */
interface Meters {
  count(facts: LimitFacts): Promise<readonly Count[]>;
  forgive(user: string): Promise<void>;
}

const keys: readonly LimitKey[] = ['user', 'tenant', 'address'];

function meters(
  { store, timeoutMs = 1000 }: Pick<GuardLimitsOptions<string>, 'store' | 'timeoutMs'>,
  hash: IdHash,
  name: string,
  rule: LimitRule,
): Meters {
  const counters = keys.flatMap(key => {
    const budget = rule[key];
    if (budget === undefined) return [];
    const prefix = `${name}:${key}`;
    const counter = counterIn(store, prefix, budget, timeoutMs);
    const spare = rule.onStoreError === 'allow' ? counterIn({ kind: 'memory' }, prefix, budget, timeoutMs) : undefined;
    return [{ key, counter: spare === undefined ? counter : withSpare(counter, spare) }];
  });
  if (counters.length === 0) throw new RangeError(`The limit '${name}' has no budget.`);
  return {
    count: facts => {
      const applying = counters.filter(({ key }) => facts[key] !== undefined);
      // Who is nothing of what is counted by shares one budget with all who are: never none.
      const asked = applying.length > 0 ? applying : counters;
      return Promise.all(asked.map(({ key, counter }) => counter.count(hash(keyOf(key, facts[key])))));
    },
    forgive: async user => {
      const ofUser = counters.filter(({ key }) => key === 'user');
      // Who has just signed in is not turned away because their old attempts stay counted.
      await Promise.all(ofUser.map(({ key, counter }) => counter.forget(hash(keyOf(key, user))))).catch(() =>
        report({ type: 'excessive_use', outcome: 'observed', reason: 'The store of limits is away.' }),
      );
    },
  };
}

function withSpare(counter: Counter, spare: Counter): Counter {
  return {
    count: async key => {
      const count = await counter.count(key);
      return count.kind === 'away' ? spare.count(key) : count;
    },
    forget: async key => {
      await Promise.all([counter.forget(key), spare.forget(key)]);
    },
  };
}

/** An e-mail address in capitals or in other forms of its letters is the same one, and so is every address of a line. */
function keyOf(key: LimitKey, value: string | undefined): string {
  if (value === undefined) return '\0nobody';
  return key === 'address' ? networkOf(value) : value.normalize('NFKC').trim().toLowerCase();
}

async function consume(name: string, rule: Meters, facts: LimitFacts): Promise<void> {
  const counts = await rule.count(facts);
  refuseOver(name, counts);
  const away = counts.find(count => count.kind === 'away');
  if (away !== undefined) throw noStore(name, away.cause);
}

function refuseOver(name: string, counts: readonly Count[]): void {
  const waits = counts.flatMap(count => (count.kind === 'over' ? [count.retryAfterMs] : []));
  if (waits.length > 0) throw tooMany(name, Math.max(...waits));
}

function tooMany(name: string, retryAfterMs: number): GuardError {
  return refuse('rate-limited', `The limit '${name}' is used up.`, { retryAfter: Math.ceil(retryAfterMs / 1000) });
}

function noStore(name: string, cause: unknown): GuardError {
  return refuse('rate-limited', `The store of the limit '${name}' is away.`, { retryAfter: 5, cause });
}

function known(rule: Meters | undefined, name: string): Meters {
  if (rule !== undefined) return rule;
  throw new RangeError(`There is no limit called '${name}'.`);
}
