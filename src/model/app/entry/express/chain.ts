import { callValue, handlerValue } from '../../calls.ts';
import { awaitValue } from '../../expressions.ts';
import { responderValue } from '../../library/requests.ts';
import { valueKey } from '../../keys.ts';
import type { Call, Frame, FunctionClosure } from '../../machine.ts';
import { alternativesOf, isBottom } from '../../operations.ts';
import { caughtError } from '../../statements.ts';
import { undefinedValue, type Value } from '../../value.ts';
import type { Route } from '../server/registry.ts';
import { isNodeRequest, nodeRequest } from '../server/request.ts';
import { parametersIn } from '../server/route-path.ts';
import { asOwnCall, eachRequest, type StageRun } from '../server/run.ts';

/** A request and its answer, as the stages so far left them. */
interface Exchange {
  readonly request: Value;
  readonly response: Value;
}

/** Runs a route's stages: each is called with `(req, res, next)`, and `next()` runs the rest with what it wrote onto them. */
export function runStages(call: Call, route: Route, method: string | undefined, id: string): StageRun {
  const seen = { handsOn: false };
  const step = (inner: Call, index: number, given: Exchange): Value => {
    const stage = route.stages[index];
    if (stage === undefined) {
      seen.handsOn = true;
      return undefinedValue;
    }
    // What a package does (parse, log, compress) is not followed; functions for errors run when one is handed on.
    if (!isStage(stage) || takesErrors(stage)) return step(inner, index + 1, given);
    const next = handlerValue('next', `next ${id} ${index} ${exchangeKey(given)}`, following => {
      const { frame, machine } = following;
      const [handed] = following.arguments;
      // A stage of a package hands the request on as it leaves it.
      const exchange =
        handed !== undefined && isNodeRequest(handed) ? { ...given, request: handed } : exchangeIn(frame, given);
      const before = frame.save();
      asOwnCall(machine, () => {
        if (handsError(following)) handleError(following, route, index, exchange);
        else
          eachRequest(frame, exchange.request, request => {
            step(following, index + 1, { ...exchange, request });
          });
      });
      // Whatever became of the request, the caller of `next` goes on.
      frame.restore(before);
      return undefinedValue;
    });
    runStage(inner, stage, [given.request, given.response, next]);
    return undefinedValue;
  };
  const request = nodeRequest({ method, parameters: parametersIn(route.path), route: route.path });
  return { value: step(call, 0, { request, response: responderValue(call.machine) }), handsOn: seen.handsOn };
}

function runStage(call: Call, stage: Value, values: readonly Value[]): void {
  const { machine, frame, at, end } = call;
  const returned = callValue(machine, frame, stage, values, { at, end });
  if (!frame.dead && !isBottom(returned)) awaitValue(machine, frame, returned, at);
}

function isStage(value: Value): boolean {
  return alternativesOf(value).some(
    alternative => alternative.value.kind === 'function' || alternative.value.kind === 'native',
  );
}

/** `(error, req, res, next) => …`. */
function takesErrors(value: Value): boolean {
  return value.kind === 'function' && (value.closure as FunctionClosure).code.parameters.length === 4;
}

/** `next(error)`; `next('route')` and `next('router')` go on with other routes. */
function handsError(call: Call): boolean {
  const [first] = call.arguments;
  if (first === undefined || isNodeRequest(first)) return false;
  return !(first.kind === 'constant' && (!first.value || first.value === 'route' || first.value === 'router'));
}

function handleError(call: Call, route: Route, index: number, exchange: Exchange): Value {
  const [error = undefinedValue] = call.arguments;
  const handler = route.stages.find((stage, position) => position > index && takesErrors(stage));
  const ends = handlerValue('next', `next after an error ${exchangeKey(exchange)}`, () => undefinedValue);
  const told = error.kind === 'constant' ? caughtError : error;
  if (handler !== undefined) runStage(call, handler, [told, exchange.request, exchange.response, ends]);
  return undefinedValue;
}

function exchangeKey({ request, response }: Exchange): string {
  return `${valueKey(request)} ${valueKey(response)}`;
}

/** The request and the answer as the function that calls `next` has them now. */
function exchangeIn(frame: Frame, given: Exchange): Exchange {
  return {
    request: heldIn(frame, isNodeRequest) ?? given.request,
    response: heldIn(frame, isResponder) ?? given.response,
  };
}

function isResponder(value: Value): boolean {
  return alternativesOf(value).every(({ value: one }) => one.kind === 'native' && one.native.name === 'responder');
}

function heldIn(frame: Frame, is: (value: Value) => boolean): Value | undefined {
  for (let current: Frame | undefined = frame; current !== undefined; current = current.parent) {
    for (const parameter of current.code?.parameters ?? []) {
      const value = parameter.kind === 'name' ? current.vars.get(parameter.binding) : undefined;
      if (value !== undefined && is(value)) return value;
    }
  }
  return undefined;
}
