import type { Call } from '../machine.ts';
import { alternativesOf, choose } from '../operations.ts';
import { mayGuard, unfollowedFact } from '../unfollowed.ts';
import { addFacts } from '../facts.ts';
import type { Value } from '../value.ts';

const mostPairs = 16;

/** `{ ...context, ...given }` for the context that middleware hands on; each way either may be is kept apart. */
export function mergeContext(context: Value, given: Value | undefined): Value {
  if (given === undefined || (given.kind === 'constant' && (given.value === undefined || given.value === null)))
    return context;
  const contexts = alternativesOf(context);
  const additions = alternativesOf(given);
  if (additions.every(addition => contexts.every(one => covers(addition.value, one.value)))) return given;
  if (contexts.length * additions.length > mostPairs) return mergeOne(context, given);
  return choose(
    contexts.flatMap(one =>
      additions.map(other => ({ value: mergeOne(one.value, other.value), facts: addFacts(one.facts, other.facts) })),
    ),
  );
}

function mergeOne(context: Value, given: Value): Value {
  if (context.kind === 'object' && given.kind === 'object') {
    return {
      kind: 'object',
      fields: new Map([...context.fields, ...given.fields]),
      spread: [...context.spread, ...given.spread],
    };
  }
  if (given.kind === 'object') return { ...given, spread: [context, ...given.spread] };
  if (given.kind === 'constant') return context;
  return context.kind === 'object' && context.fields.size === 0 && context.spread.length === 0
    ? given
    : { kind: 'object', fields: new Map(), spread: [context, given] };
}

/** Nothing of the context is left: every field of it is given anew. */
function covers(given: Value, context: Value): boolean {
  return (
    given.kind === 'object' &&
    context.kind === 'object' &&
    context.spread.every(spread => given.spread.includes(spread)) &&
    [...context.fields.keys()].every(name => given.fields.has(name))
  );
}

/**
 * The context behind a middleware whose code is not there: it may have added fields, those that are known stay as they
 * are. It may be a guard, too.
 */
export function contextBehind(
  { machine, frame, at, end }: Call,
  middleware: Value,
  context: Value,
  sent: Value,
): Value {
  const { library, path } = middleware.kind === 'external' ? middleware : { library: undefined, path: 'middleware' };
  if (library === undefined || mayGuard(library, path.replaceAll('()', '')))
    frame.learn([unfollowedFact({ machine, frame, arguments: [context, sent], at, end }, library, path)]);
  const added = machine.opaque(frame, at, `what a middleware${library === undefined ? '' : ` of '${library}'`} adds`);
  return context.kind === 'object'
    ? { ...context, spread: [added, ...context.spread] }
    : { kind: 'object', fields: new Map(), spread: [added, context] };
}
