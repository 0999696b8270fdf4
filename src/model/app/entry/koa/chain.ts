import { callValue, handlerValue } from '../../calls.ts';
import { awaitValue } from '../../expressions.ts';
import { valueKey } from '../../keys.ts';
import type { Call, Frame } from '../../machine.ts';
import { alternativesOf, bottom, isBottom } from '../../operations.ts';
import { undefinedValue, type Value } from '../../value.ts';
import type { Route } from '../server/registry.ts';
import { parametersIn } from '../server/route-path.ts';
import { asOwnCall, eachRequest, type StageRun } from '../server/run.ts';
import { isContext, newContext, withUnknownState } from './context.ts';

const nothing: Value = { kind: 'promise', value: undefinedValue, facts: [] };

/** Packages whose stages say nothing of who asks: they parse, log, compress, allow origins, limit. */
const harmless =
  /log|morgan|pino|cors|body|parse|multer|helmet|compress|static|send|etag|conditional|favicon|limit|json|view|ejs|pug|cache|request-?id|response-time|sentry|prom|metric|session|csrf|range|timeout/;

/** Runs a route's stages: each gets `(ctx, next)`, and `await next()` runs the rest with the context as it is by then. */
export function runStages(call: Call, route: Route, method: string | undefined, id: string): StageRun {
  const seen = { handsOn: false };
  const end = (): Value => {
    seen.handsOn = true;
    return nothing;
  };
  const context = newContext({ method, parameters: parametersIn(route.path), route: route.path });
  return { value: runList(call, route.stages, context, id, end), handsOn: seen.handsOn };
}

/** Runs stages one inside the other; `end` is what the last one hands on to. */
export function runList(
  call: Call,
  stages: readonly Value[],
  context: Value,
  id: string,
  end: (call: Call, context: Value) => Value,
): Value {
  const step = (inner: Call, index: number, given: Value): Value => {
    const stage = stages[index];
    if (stage === undefined) return end(inner, given);
    if (!isStage(stage)) {
      const isHarmless = stage.kind !== 'external' || harmless.test(stage.library ?? '');
      return step(inner, index + 1, isHarmless ? given : withUnknownState(given, inner));
    }
    const next = handlerValue('next', `next ${id} ${index} ${valueKey(given)}`, following => {
      const { machine, frame } = following;
      const [handed] = following.arguments;
      const current = handed !== undefined && isContext(handed) ? handed : (contextIn(frame) ?? given);
      const before = frame.save();
      asOwnCall(machine, () => {
        eachRequest(frame, current, one => {
          step(following, index + 1, one);
        });
      });
      // Whatever became of the request, the stage that waits for the rest goes on.
      frame.restore(before);
      return nothing;
    });
    return runStage(inner, stage, [given, next]);
  };
  return step(call, 0, context);
}

function runStage(call: Call, stage: Value, values: readonly Value[]): Value {
  const { machine, frame, at, end } = call;
  const returned = callValue(machine, frame, stage, values, { at, end });
  const value = frame.dead || isBottom(returned) ? bottom : awaitValue(machine, frame, returned, at);
  if (!frame.dead && !isBottom(value)) return nothing;
  frame.dead = true;
  return bottom;
}

function isStage(value: Value): boolean {
  return alternativesOf(value).some(({ value: one }) => one.kind === 'function' || one.kind === 'native');
}

/** The context as the function that calls `next` has it now: what it wrote belongs to the rest. */
function contextIn(frame: Frame): Value | undefined {
  for (let current: Frame | undefined = frame; current !== undefined; current = current.parent) {
    for (const parameter of current.code?.parameters ?? []) {
      const value = parameter.kind === 'name' ? current.vars.get(parameter.binding) : undefined;
      if (value !== undefined && alternativesOf(value).every(one => isContext(one.value))) return value;
    }
  }
  return undefined;
}
