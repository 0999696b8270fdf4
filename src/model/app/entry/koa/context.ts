import { noteExit } from '../../library/platform.ts';
import { principal, signedIn, tenantFields, userValue } from '../../library/identity/principal.ts';
import { sealedSession } from '../../library/identity/tokens.ts';
import { responderValue } from '../../library/requests.ts';
import { valueKey } from '../../keys.ts';
import { behaviourOf, nativeValue, type Call, type Machine, type NativeValue } from '../../machine.ts';
import { assume, bottom, choose } from '../../operations.ts';
import { constant, objectOf, present, undefinedValue, type Value } from '../../value.ts';
import { nodeRequest, type RequestFacts } from '../server/request.ts';

/** What a context is made for, and what stages wrote onto it so far. */
interface ContextState {
  readonly known: RequestFacts;
  readonly own: ReadonlyMap<string, Value>;
}

interface ContextNative extends NativeValue {
  readonly context: ContextState;
}

function contextOf(value: Value | undefined): ContextState | undefined {
  return value?.kind === 'native' && 'context' in value.native ? (value.native as ContextNative).context : undefined;
}

/** True for a context of Koa. */
export function isContext(value: Value | undefined): boolean {
  return contextOf(value) !== undefined;
}

/** The context of a request before any stage has run. */
export function newContext(known: RequestFacts): Value {
  return contextValue({ known, own: new Map() });
}

/** What every context of the app has from the start (`app.context.db = …`). */
export function sharedFields(machine: Machine): Map<string, Value> {
  return machine.remember('koa context', () => new Map<string, Value>());
}

function contextValue({ known, own }: ContextState): Value {
  const native: ContextNative = {
    name: 'koa context',
    key: `koa context ${known.method ?? ''} ${known.route}${[...own].map(([name, value]) => ` ${name}=${valueKey(value)}`).join('')}`,
    context: { known, own },
    inside: [...own.values()],
    member: (name, call) =>
      own.get(name) ?? memberOf({ known, own }, name, call) ?? sharedFields(call.machine).get(name),
    method: (name, call) => (own.has(name) ? undefined : methodOf(name, call)),
    assigned: (name, value, call) => {
      if (call !== undefined) noteWritten(call, name, value, own.get('status'));
      return contextValue({ known, own: new Map([...own, [name, value]]) });
    },
  };
  return nativeValue(native);
}

/** The context with these fields written into `ctx.state`. */
export function withState(context: Value, fields: ReadonlyMap<string, Value>, call: Call): Value {
  const inner = contextOf(context);
  if (inner === undefined) return context;
  const state = inner.own.get('state') ?? stateValue(call);
  const written: Value = state.kind === 'object' ? { ...state, fields: new Map([...state.fields, ...fields]) } : state;
  return contextValue({ ...inner, own: new Map([...inner.own, ['state', written]]) });
}

/** The context after a stage of which nothing is known: it may have written anything into `ctx.state`. */
export function withUnknownState(context: Value, call: Call): Value {
  const inner = contextOf(context);
  if (inner === undefined) return context;
  const state = inner.own.get('state') ?? stateValue(call);
  if (state.kind !== 'object') return context;
  const anything = call.machine.opaque(call.frame, call.at, 'what a stage of a package wrote');
  const own = new Map([...inner.own, ['state', { ...state, spread: [...state.spread, anything] }] as const]);
  return contextValue({ ...inner, own });
}

// Reading --------------------------------------------------------------------------------------------------------------

const sessions: readonly string[] = ['koa-session', 'koa-generic-session', 'koa-session2', 'koa-session-minimal'];

function depends(call: Call, packages: readonly string[]): boolean {
  return packages.some(one => call.machine.source.dependencies.has(one));
}

function memberOf({ known, own }: ContextState, name: string, call: Call): Value | undefined {
  switch (name) {
    case 'state':
      return stateValue(call);
    case 'request':
    case 'req':
      return nodeRequest(known);
    case 'response':
      return responseValue(own.get('status'));
    case 'res':
      return responderValue(call.machine);
    case 'cookies':
      return cookiesValue;
    case 'session':
      return depends(call, sessions) ? sealedSession(call) : undefined;
    case 'body':
    case 'type':
      return undefinedValue;
    case 'status':
      return constant(404);
    case 'path':
    case 'routerPath':
    case '_matchedRoute':
      return pathOf(known);
    case 'header':
    case 'querystring':
      return present({ kind: 'client', path: name === 'header' ? 'header' : 'query' });
    case 'user':
      return undefined;
    default:
      return requestPart(own.get('request') ?? nodeRequest(known), name, call);
  }
}

function requestPart(request: Value, name: string, call: Call): Value | undefined {
  return request.kind === 'native' ? behaviourOf(request).member?.(name, call) : undefined;
}

/**
 * The address that stands for all that the route answers: lists of open addresses are compared with it. A pattern that may
 * be anything is what the caller asks for.
 */
function pathOf({ route }: RequestFacts): Value {
  return route.includes('*') ? present({ kind: 'client', path: 'url.pathname' }) : constant(route);
}

/** `ctx.state` at first: nothing, but for the user whom Passport finds in the session. */
function stateValue(call: Call): Value {
  if (!depends(call, ['koa-passport'])) return objectOf({});
  const user = choose([
    { value: userOfSession(), facts: [signedIn(call)] },
    { value: undefinedValue, facts: [] },
  ]);
  return objectOf({ user });
}

/** The user whom a verified session or token names. */
export function userOfSession(): Value {
  return userValue({ ...tenantFields(), userId: principal('user.id'), sub: principal('user.id') });
}

const cookiesValue: Value = nativeValue({
  name: 'cookies',
  key: 'koa cookies',
  method: (name, call) => {
    if (name !== 'get') return undefinedValue;
    const [key] = call.arguments;
    const term = { kind: 'client', path: `cookie.${key?.kind === 'constant' ? String(key.value) : '*'}` } as const;
    call.machine.noteSource(call.frame, term, call.at);
    return { kind: 'term', term, maybeUndefined: true };
  },
});

// Answering ------------------------------------------------------------------------------------------------------------

/** `ctx.response`: what is written onto it is the answer. */
function responseValue(status: Value | undefined): Value {
  return nativeValue({
    name: 'koa response',
    key: `koa response ${status === undefined ? '' : valueKey(status)}`,
    method: () => undefinedValue,
    assigned: (name, value, call) => {
      if (call !== undefined) noteWritten(call, name, value, status);
      return responseValue(name === 'status' ? value : status);
    },
  });
}

function noteWritten(call: Call, name: string, value: Value, status: Value | undefined): void {
  if (name === 'body') answers(call, value, numberOf(status));
  const written = name === 'status' ? numberOf(value) : undefined;
  if (written !== undefined && written >= 400) noteExit(call, 'response', written, undefined);
}

function answers(call: Call, body: Value, status: number | undefined): void {
  const { machine, frame, at, end } = call;
  const place = machine.place(frame, at, end);
  machine.emit(frame, { kind: 'call', library: undefined, callee: 'res.json', arguments: [body], place });
  const value: Value = { kind: 'response', status: status ?? 200, headers: undefinedValue, body, place };
  machine.emit(frame, { kind: 'return', value, place });
}

function numberOf(value: Value | undefined): number | undefined {
  return value?.kind === 'constant' && typeof value.value === 'number' ? value.value : undefined;
}

function methodOf(name: string, call: Call): Value | undefined {
  const { machine, frame, at, end } = call;
  const [first, second] = call.arguments;
  switch (name) {
    case 'throw':
      noteExit(call, 'response', numberOf(first) ?? 500, undefined);
      frame.dead = true;
      return bottom;
    case 'assert': {
      const assumed =
        first === undefined ? undefined : assume(first, true, machine.place(frame, at), machine.code(frame, at));
      noteExit(call, 'response', numberOf(second) ?? 500, undefined);
      if (assumed === undefined) frame.dead = true;
      else frame.learn(assumed.facts);
      return undefinedValue;
    }
    case 'get': {
      const term = {
        kind: 'client',
        path: `header.${first?.kind === 'constant' ? String(first.value).toLowerCase() : '*'}`,
      } as const;
      machine.noteSource(frame, term, at);
      return { kind: 'term', term, maybeUndefined: true };
    }
    case 'set':
    case 'append':
      machine.emit(frame, {
        kind: 'call',
        library: undefined,
        callee: 'headers.set',
        arguments: call.arguments,
        place: machine.place(frame, at, end),
      });
      return undefinedValue;
    case 'render':
      answers(call, second ?? undefinedValue, undefined);
      return { kind: 'promise', value: undefinedValue, facts: [] };
    case 'redirect':
      answers(call, first ?? undefinedValue, 302);
      return undefinedValue;
    case 'isAuthenticated':
      return { kind: 'test', whenTrue: [signedIn(call)], whenFalse: [] };
    case 'isUnauthenticated':
      return { kind: 'test', whenTrue: [], whenFalse: [signedIn(call)] };
    case 'login':
    case 'logIn':
    case 'logout':
    case 'logOut':
      return { kind: 'promise', value: undefinedValue, facts: [] };
    case 'vary':
    case 'remove':
    case 'attachment':
    case 'flushHeaders':
    case 'onerror':
      return undefinedValue;
    default:
      return undefined;
  }
}
