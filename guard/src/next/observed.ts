import { isControlFlow } from '../control-flow.ts';
import { guardErrorIn } from '../errors.ts';
import { report } from '../events/event.ts';
import { inTime } from '../in-time.ts';
import { currentScope, withRequest } from '../scope.ts';
import { guardData } from '../tripwire/json.ts';
import { asCaller, askBefore, identify, requireRole } from './admit.ts';
import type { AnyCallOptions, Caller } from './admit.ts';
import { factsOf, parseParams } from './guarded.ts';
import type { GuardedCall } from './guarded.ts';
import { parseInput } from './input.ts';
import type { GuardNextOptions } from './options.ts';
import { whileWatching } from './watching.ts';

/**
 * Asks what `guarded` asks, reports what that would have refused, and runs the app's own code as it is. The code is given
 * nothing that the guard would have checked, so that nothing is open that was not. For a member it runs in the scope of
 * their tenant, for anybody else in none: a guarded pool gives those nothing. A freeze holds.
 */
export function observed<T>(
  guard: GuardNextOptions,
  options: AnyCallOptions,
  call: GuardedCall,
  own: () => T | PromiseLike<T>,
): Promise<T> {
  return withRequest(factsOf(guard, call), async () => {
    const caller = (await watched(() => identify(guard, options, call))) ?? undefined;
    if (caller !== undefined) await watched(() => askTheRest(options, call, caller));
    await watched(() => askBefore(guard, options, call, caller ?? nobody));
    return asCaller(caller ?? nobody, own);
  });
}

const nobody: Caller = { kind: 'none' };

async function askTheRest(options: AnyCallOptions, call: GuardedCall, caller: Caller): Promise<void> {
  call.first?.();
  requireRole(options, caller);
  if (options.params !== undefined) await parseParams(options.params, call);
  if (options.input !== undefined) await parseInput(options.input, call.readInput);
}

/** Longer than this nobody waits for what only looks. */
const longestMs = 1000;

/** What a check gives, or nothing where it refuses, fails or takes too long. */
async function watched<T>(check: () => T | PromiseLike<T>): Promise<T | undefined> {
  try {
    return await inTime(whileWatching(check), longestMs, 'A check took too long.');
  } catch (error) {
    const refusal = guardErrorIn(error);
    if (refusal?.code === 'frozen' || isPrerendering(error)) throw error;
    // A refusal was reported where it was made. Of anything else the name is told, for its message may quote a row.
    if (refusal === undefined)
      report({ type: 'self_test', outcome: 'observed', reason: `A check failed: ${nameOf(error)}` });
    return undefined;
  }
}

/** What Next.js throws to leave a prerender. A redirect or `notFound()` of a session's look-up is a refusal like others. */
function isPrerendering(error: unknown): boolean {
  return isControlFlow(error) && !/^NEXT_(?:REDIRECT|HTTP_ERROR_FALLBACK)/.test(String(Reflect.get(error, 'digest')));
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error;
}

/** Looks for rows of another tenant in what goes out, and lets it go. */
export function lookAtOutgoing(guard: GuardNextOptions, value: unknown): void {
  if (guard.tripwire === undefined) return;
  try {
    guardData(value, { ...guard.tripwire, mode: 'observe' }, currentScope());
  } catch (error) {
    // A getter of the app's own that throws here throws there too, or is never read.
    report({ type: 'self_test', outcome: 'observed', reason: `A check failed: ${nameOf(error)}` });
  }
}
