import { platformRequest } from '../../library/requests.ts';
import { clientValue, noteExit } from '../../library/platform.ts';
import { valueKey } from '../../keys.ts';
import { nativeValue, type Call, type NativeValue } from '../../machine.ts';
import { constant, objectOf, present, undefinedValue, type Value } from '../../value.ts';

/** What a context holds so far: variables that were set, and parts of the request that a schema checked. */
export interface ContextState {
  readonly method: string | undefined;
  readonly parameters: readonly string[];
  readonly variables: ReadonlyMap<string, Value>;
  readonly valid: ReadonlyMap<string, Value>;
}

interface ContextNative extends NativeValue {
  readonly state: ContextState;
  readonly mutated: (name: string, values: readonly Value[]) => Value | undefined;
}

/** The state of a context, if the value is one. */
export function stateOf(value: Value | undefined): ContextState | undefined {
  return value?.kind === 'native' && value.native.name === 'hono context'
    ? (value.native as ContextNative).state
    : undefined;
}

/** `c`: the request, the answer, and what earlier stages set. A `set` gives a new one. */
export function contextValue(state: ContextState): Value {
  const native: ContextNative = {
    name: 'hono context',
    key: `hono context ${state.method ?? ''} ${state.parameters.join(',')} ${textOf(state.variables)} ${textOf(state.valid)}`,
    state,
    inside: [...state.variables.values()],
    mutated: (name, [key, value]) =>
      name === 'set' && key?.kind === 'constant'
        ? contextValue({
            ...state,
            variables: new Map([...state.variables, [String(key.value), value ?? undefinedValue]]),
          })
        : undefined,
    member: name => {
      if (name === 'req') return requestPart(state);
      if (name === 'var' || name === 'variables') return variablesValue(state);
      if (name === 'env') return environmentValue;
      return name === 'res' ? responsePart : { kind: 'external', library: 'hono', path: name, arguments: [] };
    },
    method: (name, call) => answerOf(state, name, call),
  };
  return nativeValue(native);
}

function textOf(values: ReadonlyMap<string, Value>): string {
  return [...values].map(([name, value]) => `${name}=${valueKey(value)}`).join(',');
}

function variablesValue(state: ContextState): Value {
  return nativeValue({
    name: 'variables',
    key: `variables ${textOf(state.variables)}`,
    inside: [...state.variables.values()],
    member: name => state.variables.get(name),
  });
}

const environmentValue: Value = nativeValue({
  name: 'environment',
  key: 'environment',
  member: name => ({ kind: 'term', term: { kind: 'environment', name }, maybeUndefined: true }),
});

const responsePart: Value = { kind: 'external', library: undefined, path: 'Response()', arguments: [] };

function requestPart(state: ContextState): Value {
  const source = (call: Call, path: string, promised: boolean): Value => {
    const [key] = call.arguments;
    const full = key === undefined ? path : `${path}.${key.kind === 'constant' ? String(key.value) : '*'}`;
    const term = { kind: 'client', path: full } as const;
    call.machine.noteSource(call.frame, term, call.at);
    const isGiven = path === 'params' && key?.kind === 'constant' && state.parameters.includes(String(key.value));
    const value: Value = key === undefined || isGiven ? present(term) : { kind: 'term', term, maybeUndefined: true };
    return promised ? { kind: 'promise', value: present(term), facts: [] } : value;
  };
  return nativeValue({
    name: 'request',
    key: `hono request ${state.method ?? ''} ${state.parameters.join(',')} ${textOf(state.valid)}`,
    member: name => {
      switch (name) {
        case 'raw':
          return platformRequest(state.method);
        case 'url':
        case 'path':
          return clientValue(name === 'url' ? 'url' : 'url.pathname');
        case 'method':
          return state.method === undefined ? clientValue('method') : constant(state.method);
        default:
          return undefined;
      }
    },
    method: (name, call) => {
      switch (name) {
        case 'param':
          return call.arguments.length === 0 ? allParameters(state) : source(call, 'params', false);
        case 'query':
        case 'queries':
          return source(call, 'query', false);
        case 'header':
          return source(call, 'header', false);
        case 'json':
        case 'text':
        case 'blob':
        case 'arrayBuffer':
          return source({ ...call, arguments: [] }, 'body', true);
        case 'parseBody':
        case 'formData':
          return source({ ...call, arguments: [] }, 'form', true);
        case 'valid': {
          const [target] = call.arguments;
          const wanted = target?.kind === 'constant' ? String(target.value) : '';
          return state.valid.get(wanted) ?? present({ kind: 'client', path: pathOfTarget(wanted) });
        }
        default:
          return undefined;
      }
    },
  });
}

function allParameters(state: ContextState): Value {
  return objectOf(
    Object.fromEntries(state.parameters.map(name => [name, present({ kind: 'client', path: `params.${name}` })])),
  );
}

/** What the parts of a request are called where they are validated. */
export function pathOfTarget(target: string): string {
  const names: Readonly<Record<string, string>> = {
    json: 'body',
    param: 'params',
    params: 'params',
    headers: 'header',
  };
  return names[target] ?? target;
}

const statuses: Readonly<Record<string, number>> = { notFound: 404, redirect: 302 };

function answerOf(state: ContextState, name: string, call: Call): Value | undefined {
  const { machine, frame } = call;
  const [first, second, third] = call.arguments;
  switch (name) {
    case 'get': {
      const found = first?.kind === 'constant' ? state.variables.get(String(first.value)) : undefined;
      return found ?? machine.opaque(frame, call.at, 'a variable that nothing seen here sets');
    }
    case 'set':
      return undefinedValue;
    case 'json':
    case 'text':
    case 'html':
    case 'body':
    case 'newResponse':
    case 'render':
    case 'notFound':
    case 'redirect': {
      const place = machine.place(frame, call.at, call.end);
      machine.emit(frame, { kind: 'call', library: 'hono', callee: `c.${name}`, arguments: call.arguments, place });
      const status = statuses[name] ?? (second === undefined ? 200 : numberOf(second));
      if (status !== undefined && status >= 400) noteExit(call, 'response', status, undefined);
      return { kind: 'response', status, headers: third ?? undefinedValue, body: first ?? undefinedValue, place };
    }
    case 'header':
      machine.emit(frame, {
        kind: 'call',
        library: undefined,
        callee: 'headers.set',
        arguments: call.arguments,
        place: machine.place(frame, call.at, call.end),
      });
      return undefinedValue;
    case 'status':
    case 'setRenderer':
    case 'setLayout':
      return undefinedValue;
    default:
      return undefined;
  }
}

function numberOf(value: Value): number | undefined {
  if (value.kind === 'constant' && typeof value.value === 'number') return value.value;
  const status = value.kind === 'object' ? value.fields.get('status') : undefined;
  return status === undefined ? undefined : numberOf(status);
}
