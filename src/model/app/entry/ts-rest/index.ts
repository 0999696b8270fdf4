import { callValue, handlerValue } from '../../calls.ts';
import { awaitValue, peekMember } from '../../expressions.ts';
import { valueKey } from '../../keys.ts';
import { platformRequest } from '../../library/requests.ts';
import { applySchema } from '../../library/zod.ts';
import type { Call, Handler } from '../../machine.ts';
import { alternativesOf, bottom, isBottom } from '../../operations.ts';
import { objectOf, present, undefinedValue, type Value } from '../../value.ts';
import type { EntryAdapter } from '../adapter.ts';
import { distinctName, runFound } from '../found.ts';
import { parametersIn } from '../server/route-path.ts';

/** One address of a contract. */
interface Contract {
  readonly method: string;
  readonly path: string;
  readonly parts: Value;
}

/** `initContract()`: `router(contract)` gives the contract itself. */
const contractBuilder: Handler = () =>
  objectOf({
    router: handlerValue('router', 'contract router', ({ arguments: [first] }) => first ?? undefinedValue),
    query: handlerValue('query', 'contract query', ({ arguments: [first] }) => first ?? undefinedValue),
    mutation: handlerValue('mutation', 'contract mutation', ({ arguments: [first] }) => first ?? undefinedValue),
    type: handlerValue('type', 'contract type', () => undefinedValue),
    response: handlerValue('response', 'contract response', () => undefinedValue),
  });

function contractOf(value: Value | undefined): Contract | undefined {
  if (value?.kind !== 'object') return undefined;
  const method = value.fields.get('method');
  const path = value.fields.get('path');
  if (method?.kind !== 'constant' || path?.kind !== 'constant') return undefined;
  return { method: String(method.value), path: String(path.value), parts: value };
}

/** Runs each implementation of a contract as an entry point. */
function serve(call: Call, contract: Value | undefined, implementation: Value | undefined, depth = 0): void {
  if (contract === undefined || implementation === undefined || depth > 6) return;
  for (const { value } of alternativesOf(contract)) {
    const one = contractOf(value);
    if (one !== undefined) runOne(call, one, implementation);
    else if (value.kind === 'object')
      for (const [name, inner] of value.fields) serve(call, inner, peekMember(implementation, name, true), depth + 1);
  }
}

function runOne(call: Call, contract: Contract, implementation: Value): void {
  const { machine } = call;
  const handler = implementation.kind === 'object' ? implementation.fields.get('handler') : implementation;
  const place =
    handler?.kind === 'function' ? { file: handler.file, line: handler.line } : machine.place(call.frame, call.at);
  const name = distinctName(machine, `${contract.method} ${contract.path}`, place);
  const entryPoint = {
    kind: 'route-handler',
    name,
    ...place,
    symbol: name,
    route: contract.path,
    method: contract.method,
  } as const;
  if (handler === undefined) return;
  runFound(call, entryPoint, inner => {
    const { frame, at, end } = inner;
    const given = argumentsOf(inner, contract);
    if (given === undefined) return bottom;
    const returned = callValue(machine, frame, handler, given, { at, end });
    if (frame.dead || isBottom(returned)) return bottom;
    const answer = awaitValue(machine, frame, returned, at);
    return { kind: 'promise', value: answer, facts: [] };
  });
}

function argumentsOf(call: Call, contract: Contract): readonly Value[] | undefined {
  const { machine, frame, at } = call;
  const part = (name: string, schema: string, path: string): Value | undefined => {
    const term = { kind: 'client', path } as const;
    machine.noteSource(frame, term, at);
    const sent = name === 'params' ? parametersValue(contract.path) : present(term);
    const checked = peekMember(contract.parts, schema, true);
    const value = checked === undefined ? sent : applySchema(call, checked, sent);
    return isBottom(value) ? undefined : value;
  };
  const params = part('params', 'pathParams', 'params');
  const query = part('query', 'query', 'query');
  const body = part('body', 'body', 'body');
  const headers = part('headers', 'headers', 'header');
  if (params === undefined || query === undefined || body === undefined || headers === undefined) return undefined;
  const request = platformRequest(contract.method);
  const more = { req: request, request, res: undefinedValue, responseHeaders: undefinedValue };
  return [objectOf({ params, query, body, headers, ...more }), objectOf(more)];
}

function parametersValue(path: string): Value {
  return objectOf(
    Object.fromEntries(parametersIn(path).map(name => [name, present({ kind: 'client', path: `params.${name}` })])),
  );
}

/** `createNextHandler(contract, router)`, `createNextRouter(contract, router)`: serves when it is called. */
const serveLater: Handler = ({ arguments: [contract, implementation] }) => {
  const key = [contract, implementation].map(value => (value === undefined ? '' : valueKey(value))).join(' ');
  return handlerValue('ts-rest handler', `ts-rest handler ${key}`, call => {
    serve(call, contract, implementation);
    return { kind: 'promise', value: undefinedValue, facts: [] };
  });
};

/** `fetchRequestHandler({ contract, router, request })`: serves at once. */
const serveNow: Handler = call => {
  const [options] = call.arguments;
  if (options === undefined) return undefinedValue;
  serve(call, peekMember(options, 'contract', true), peekMember(options, 'router', true));
  return { kind: 'promise', value: undefinedValue, facts: [] };
};

/** `tsr.router(contract, implementation)` and its kind: the implementation. */
const second: Handler = ({ arguments: [first, implementation] }) => implementation ?? first ?? undefinedValue;

const tsRestHandlers: Readonly<Record<string, Handler>> = {
  '@ts-rest/core#initContract': contractBuilder,
  '@ts-rest/next#createNextRoute': second,
  '@ts-rest/next#createNextRouter': serveLater,
  '@ts-rest/next#createSingleRouteHandler': serveLater,
  '@ts-rest/serverless/next#createNextHandler': serveLater,
  '@ts-rest/serverless/fetch#fetchRequestHandler': serveNow,
  '@ts-rest/serverless/fetch#createFetchHandler': serveLater,
  '@ts-rest/serverless/fetch#tsr.router': second,
  '@ts-rest/serverless/fetch#tsr.route': second,
  '@ts-rest/serverless/fetch#tsr.platformContext': () => tsr,
  '@ts-rest/serverless/next#tsr.router': second,
  '@ts-rest/serverless/next#tsr.route': second,
  '@ts-rest/serverless/next#tsr.platformContext': () => tsr,
};

const tsr: Value = objectOf({
  router: handlerValue('router', 'tsr router', second),
  route: handlerValue('route', 'tsr route', second),
});

/** ts-rest: contracts and what serves them. */
export const tsRest: EntryAdapter = {
  handlers: tsRestHandlers,
};
