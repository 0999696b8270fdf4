import type { Binding, Expression } from '../../../../collect/source/ir.ts';
import { callValue, handlerValue } from '../../calls.ts';
import { awaitValue } from '../../expressions.ts';
import { valueKey } from '../../keys.ts';
import type { Call, Frame } from '../../machine.ts';
import { alternativesOf, bottom, isBottom } from '../../operations.ts';
import { undefinedValue, type Value } from '../../value.ts';
import type { Route } from '../server/registry.ts';
import { parametersIn } from '../server/route-path.ts';
import { answered, asOwnCall, type StageRun } from '../server/run.ts';
import { contextValue, stateOf } from './context.ts';

/** Runs a route's stages: each gets the context as the one before left it, and runs the rest by calling `next`. */
export function runStages(call: Call, route: Route, method: string | undefined, id: string): StageRun {
  const seen = { handsOn: false };
  const step = (inner: Call, index: number, context: Value): Value => {
    const stage = route.stages[index];
    if (stage === undefined) {
      seen.handsOn = true;
      return { kind: 'promise', value: undefinedValue, facts: [] };
    }
    const isLast = index === route.stages.length - 1;
    if (stage.kind === 'external' || (stage.kind === 'constant' && !isLast)) return step(inner, index + 1, context);
    const next = handlerValue('next', `next ${id} ${index} ${valueKey(context)}`, following =>
      asOwnCall(following.machine, () =>
        step(following, index + 1, givenContext(following) ?? currentContext(following.frame) ?? context),
      ),
    );
    const { machine, frame, at, end } = inner;
    const returned = callValue(machine, frame, stage, [context, next], { at, end });
    if (frame.dead || isBottom(returned)) {
      frame.dead = true;
      return bottom;
    }
    const value = awaitValue(machine, frame, returned, at);
    if (frame.dead || isBottom(value)) {
      frame.dead = true;
      return bottom;
    }
    answered(inner, value);
    return { kind: 'promise', value: undefinedValue, facts: [] };
  };
  const parameters = parametersIn(route.path);
  const context = contextValue({ method, parameters, variables: new Map(), valid: new Map() });
  return { value: step(call, 0, context), handsOn: seen.handsOn };
}

/** A stage of a package hands its context on. */
function givenContext(call: Call): Value | undefined {
  const [given] = call.arguments;
  return stateOf(given) === undefined ? undefined : given;
}

/** The context as the function that calls `next` has it now: what it set belongs to the rest. */
function currentContext(frame: Frame): Value | undefined {
  for (let current: Frame | undefined = frame; current !== undefined; current = current.parent) {
    const [parameter] = current.code?.parameters ?? [];
    if (parameter?.kind !== 'name') continue;
    const value = current.vars.get(parameter.binding);
    if (value !== undefined && alternativesOf(value).every(alternative => stateOf(alternative.value) !== undefined))
      return withTaken(current, parameter.binding, value);
  }
  return undefined;
}

/** What a stage took out of the context and wrote fields into (`const ctx = c.get('ctx'); ctx.user = user;`) is still in it. */
function withTaken(frame: Frame, context: Binding, value: Value): Value {
  const state = stateOf(value);
  if (state === undefined) return value;
  const variables = new Map(state.variables);
  for (const statement of frame.code?.body ?? []) {
    if (statement.kind !== 'declare' || statement.pattern.kind !== 'name') continue;
    const name = nameTaken(statement.init, context);
    const taken = frame.vars.get(statement.pattern.binding);
    const known = name === undefined ? undefined : state.variables.get(name);
    if (name !== undefined && isObject(known) && isObject(taken)) variables.set(name, taken);
  }
  return contextValue({ ...state, variables });
}

function isObject(value: Value | undefined): value is Value {
  return value !== undefined && alternativesOf(value).every(alternative => alternative.value.kind === 'object');
}

/** The variable of the context that `c.get('ctx')` or `c.var.ctx` gives. */
function nameTaken(init: Expression | undefined, context: Binding): string | undefined {
  const isContext = (expression: Expression): boolean => expression.kind === 'name' && expression.binding === context;
  if (init?.kind === 'member')
    return init.object.kind === 'member' && init.object.property === 'var' && isContext(init.object.object)
      ? init.property
      : undefined;
  if (init?.kind !== 'call' || init.callee.kind !== 'member' || init.callee.property !== 'get') return undefined;
  const [key] = init.arguments;
  const isRead = isContext(init.callee.object) && key?.value.kind === 'constant';
  return isRead ? String(key.value.value) : undefined;
}
