import { behaviourOf, type Call, type Machine } from '../machine.ts';
import { constant, present, undefinedValue, type Value } from '../value.ts';
import { augmentable, clientValue, noteExit, requestValue } from './platform.ts';

/** A request as its handler sees it; a `pages/api` one has its parts as fields. `parameters` are those of its URL. */
export function platformRequest(method: string | undefined, parameters: readonly string[] = [], route?: string): Value {
  const request = requestValue(method, route);
  if (request.kind !== 'native') return request;
  const native = behaviourOf(request);
  return augmentable({
    ...native,
    member: (name, call) => {
      if (name === 'query') return queryValue(parameters);
      return native.member?.(name, call);
    },
  });
}

/**
 * `req.query` of a `pages/api` handler: the URL's own parameters are always there (the file would not be reached
 * otherwise, https://nextjs.org/docs/pages/building-your-application/routing/api-routes); any other may be missing.
 */
function queryValue(parameters: readonly string[]): Value {
  const own = parameters.filter(name => !name.startsWith('...'));
  if (own.length === 0) return clientValue('query');
  return {
    kind: 'object',
    fields: new Map(own.map(name => [name, present({ kind: 'client', path: `query.${name}` })])),
    spread: [clientValue('query')],
  };
}

/** `res` of a `pages/api` handler: what it sends is the answer. */
export function responderValue(machine: Machine, status?: number): Value {
  const answer = (call: Call, body: Value): Value => {
    const place = call.machine.place(call.frame, call.at, call.end);
    call.machine.emit(call.frame, {
      kind: 'call',
      library: undefined,
      callee: 'res.json',
      arguments: call.arguments,
      place,
    });
    if (status !== undefined && status >= 400) noteExit(call, 'response', status, undefined);
    call.machine.emit(call.frame, {
      kind: 'return',
      value: { kind: 'response', status: status ?? 200, headers: undefinedValue, body, place },
      place,
    });
    return undefinedValue;
  };
  return augmentable({
    name: 'responder',
    key: `responder ${status ?? ''}`,
    method: (name, call) => {
      const [first, second] = call.arguments;
      switch (name) {
        case 'status':
        case 'code':
          return responderValue(machine, numberOf(first));
        case 'json':
        case 'send':
        case 'end':
        case 'write':
          return answer(call, first ?? undefinedValue);
        case 'sendStatus':
          return responderMethod(machine, first, 'end', { ...call, arguments: [] });
        case 'redirect':
          return answer(call, second ?? first ?? undefinedValue);
        case 'setHeader':
        case 'appendHeader':
        case 'writeHead':
          call.machine.emit(call.frame, {
            kind: 'call',
            library: undefined,
            callee: 'headers.set',
            arguments: call.arguments,
            place: call.machine.place(call.frame, call.at, call.end),
          });
          return responderValue(machine, status);
        default:
          return responderValue(machine, status);
      }
    },
    member: name => (name === 'statusCode' ? constant(status ?? 200) : undefined),
  });
}

function numberOf(value: Value | undefined): number | undefined {
  return value?.kind === 'constant' && typeof value.value === 'number' ? value.value : undefined;
}

/** A method of the answer with a status. */
function responderMethod(machine: Machine, status: Value | undefined, name: string, call: Call): Value | undefined {
  const responder = responderValue(machine, numberOf(status));
  return responder.kind === 'native' ? behaviourOf(responder).method?.(name, call) : undefined;
}
