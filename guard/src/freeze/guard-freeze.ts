import { report } from '../events/event.ts';
import type { Before, CallFacts } from '../hooks.ts';
import { refuse } from '../refusal.ts';
import { switchOf, type FreezeChange, type FreezeSource } from './source.ts';
import { freezeState } from './state.ts';
import { parseTarget, type FreezeTarget } from './target.ts';

/** What the freeze needs to know. */
export interface GuardFreezeOptions {
  readonly source: FreezeSource;
  /** What holds while the switch could never be read: everything off, or everything on. */
  readonly start: 'closed' | 'open';
  /** How long a state is used without asking. 1 s. */
  readonly refreshMs?: number;
  /** The oldest state that is used while the switch can be read. 5 s. */
  readonly maxAgeMs?: number;
  /** How long a request waits for the switch at most. 1 s. */
  readonly timeoutMs?: number;
  /** What callers are told to wait. 5 minutes. */
  readonly retryAfterSeconds?: number;
}

/** A switch that turns calls off and on. */
export interface GuardFreeze {
  /** For `before` of routes and actions: throws a `GuardError` (503, `retryAfter`) for what is frozen. */
  readonly before: Before;
  /** Turns something off, in all instances. */
  freeze(target: FreezeTarget, change: FreezeChange): Promise<void>;
  /** Turns it on again. */
  unfreeze(target: FreezeTarget, change: FreezeChange): Promise<void>;
  /** What is off, as this instance knows it. */
  frozen(): Promise<readonly FreezeTarget[]>;
}

/**
 * Turns named calls, exports, lists, writes or everything off at once, with an answer that says so, and on again. Both
 * are written down with who and why.
 *
 * @example
 * export const freeze = guardFreeze({ source: { kind: 'table', pool: plainPool }, start: 'open' });
 * await freeze.freeze('exports', { reason: 'foreign rows in the customer export', by: 'ada@example.com' });
 */
export function guardFreeze(options: GuardFreezeOptions): GuardFreeze {
  const source = switchOf(options.source);
  const refreshMs = options.refreshMs ?? 1000;
  const state = freezeState(() => source.read(), {
    refreshMs,
    maxAgeMs: Math.max(refreshMs, options.maxAgeMs ?? 5000),
    timeoutMs: options.timeoutMs ?? 1000,
    onUnreadable: () => report({ type: 'frozen', outcome: 'observed', reason: 'The switch cannot be read.' }),
  });
  const change = async (action: 'freeze' | 'unfreeze', text: FreezeTarget, why: FreezeChange): Promise<void> => {
    const target = parseTarget(text);
    if (why.reason.trim() === '' || why.by.trim() === '') throw new RangeError('A freeze says who and why.');
    await source.change(action, target, why);
    const scope = { mode: 'admin', reason: why.reason, user: why.by } as const;
    report({
      type: 'freeze_change',
      outcome: 'allowed',
      operation: action,
      reason: `${action} ${target}: ${why.reason}`,
      scope,
    });
    await state.reread();
  };
  return {
    before: async facts => {
      const targets = await state.current();
      const isOff = targets === undefined ? options.start !== 'open' : isFrozen(targets, facts);
      if (isOff) throw refuse('frozen', `'${facts.name}' is frozen.`, { retryAfter: options.retryAfterSeconds ?? 300 });
    },
    freeze: (target, why) => change('freeze', target, why),
    unfreeze: (target, why) => change('unfreeze', target, why),
    frozen: async () => [...((await state.current()) ?? (options.start === 'open' ? [] : ['everything' as const]))],
  };
}

const kinds: Readonly<Record<CallFacts['kind'], FreezeTarget | undefined>> = {
  read: undefined,
  write: 'writes',
  export: 'exports',
  list: 'lists',
};

function isFrozen(targets: ReadonlySet<FreezeTarget>, { name, kind }: CallFacts): boolean {
  const ofKind = kinds[kind];
  return targets.has('everything') || (ofKind !== undefined && targets.has(ofKind)) || targets.has(`name:${name}`);
}
