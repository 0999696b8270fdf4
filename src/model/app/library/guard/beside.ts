import { callValue, handlerValue } from '../../calls.ts';
import { valueKey } from '../../keys.ts';
import type { Handler } from '../../machine.ts';
import { constant, fieldOf, objectOf, undefinedValue, type Value } from '../../value.ts';
import { withScope } from './scope.ts';

/** What the guard puts around something stays what it is. */
const same: Handler = ({ arguments: [first = undefinedValue] }) => first;

/** Kept apart for each tenant; what is shared is made outside of every scope. */
const guardCache: Handler = ({ arguments: [, work = undefinedValue, options = objectOf({})] }) => {
  const isShared = (fieldOf(options, 'shared') ?? undefinedValue).kind !== 'constant';
  return handlerValue('cached function', `guarded cache ${isShared} ${valueKey(work)}`, call => {
    const { machine, frame, at, end } = call;
    const run = (): Value => callValue(machine, frame, work, call.arguments, { at, end });
    return isShared ? withScope(machine, constant(null), run, frame, at) : run();
  });
};

/** Caches, tools and clients of Supabase behind the guard. */
export const guardBesideHandlers: Readonly<Record<string, Handler>> = {
  '@drydock/guard/cache#guardCache': guardCache,
  '@drydock/guard/tools#guardTools': same,
  '@drydock/guard/tools#guardMcp': same,
  '@drydock/guard/supabase#guardSupabase': same,
};
