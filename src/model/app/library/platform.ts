import { environmentValue } from '../environment.ts';
import { callValue, capturedValues, handlerValue, within } from '../calls.ts';
import { awaitAll, isArrayLike, mapValue } from '../collections.ts';
import { awaitValue, entriesOf, iterated, memberOf } from '../expressions.ts';
import { conditionFact } from '../facts.ts';
import { secretFacts } from '../proofs.ts';
import { callTerm, valueKey } from '../keys.ts';
import { nativeValue, type Call, type FunctionClosure, type Handler, type NativeValue } from '../machine.ts';
import { alternativesOf, bottom, choose, termOf, truthOf } from '../operations.ts';
import { converted } from '../typed.ts';
import {
  atoms,
  constant,
  objectOf,
  present,
  undefinedValue,
  type Alternative,
  type PlainType,
  type Value,
} from '../value.ts';
import type { ExitEvent } from '../events.ts';
import { addressOf, routeOfAddress } from './addresses.ts';

/** A collection that the caller filled: `get(name)` reads one of its values. */
export function clientValue(path: string): Value {
  return { kind: 'term', term: { kind: 'client', path }, maybeUndefined: false, truthy: true };
}

/** A value of the platform to which programs add fields of their own: `request.user = user`. */
export function augmentable(native: NativeValue, own: ReadonlyMap<string, Value> = new Map()): Value {
  return nativeValue({
    ...native,
    key: `${native.key}${[...own].map(([name, value]) => ` ${name}=${valueKey(value)}`).join('')}`,
    ...(own.size === 0 ? {} : { inside: [...(native.inside ?? []), ...own.values()] }),
    member: (name, call) => own.get(name) ?? native.member?.(name, call),
    method: (name, call) => (own.has(name) ? undefined : native.method?.(name, call)),
    assigned: (name, value) => augmentable(native, new Map([...own, [name, value]])),
  });
}

/** The request of a route handler or a proxy; of a route handler it is known for which route. */
export function requestValue(method: string | undefined, route?: string): Value {
  const body = (call: Call, path: string): Value => {
    const term = { kind: 'client', path } as const;
    call.machine.noteSource(call.frame, term, call.at);
    return { kind: 'promise', value: { kind: 'term', term, maybeUndefined: false, truthy: true }, facts: [] };
  };
  return augmentable({
    name: 'request',
    key: `request ${method ?? ''}${route === undefined ? '' : ` ${route}`}`,
    member: (name, call) => {
      switch (name) {
        case 'url':
          return present(addressOf('url', route));
        case 'nextUrl':
          return urlValue(call, route);
        case 'headers':
          return clientValue('header');
        case 'cookies':
          return clientValue('cookie');
        case 'method':
          return method === undefined ? present({ kind: 'client', path: 'method' }) : constant(method);
        case 'body':
          return clientValue('body');
        case 'ip':
        case 'geo':
          return clientValue(name);
        default:
          return undefined;
      }
    },
    method: (name, call) => {
      switch (name) {
        case 'json':
        case 'text':
        case 'arrayBuffer':
        case 'blob':
        case 'bytes':
          return body(call, 'body');
        case 'formData':
          return body(call, 'form');
        case 'clone':
          return requestValue(method, route);
        default:
          return undefined;
      }
    },
  });
}

function urlValue(call: Call, route: string | undefined): Value {
  const term = { kind: 'client', path: 'query' } as const;
  call.machine.noteSource(call.frame, term, call.at);
  const text = (path: string): Value => present({ kind: 'client', path });
  return objectOf({
    searchParams: clientValue('query'),
    pathname: present(addressOf('url.pathname', route)),
    origin: text('url.origin'),
    href: text('url'),
    search: text('url.search'),
    host: text('url.host'),
    hostname: text('url.host'),
    protocol: text('url.protocol'),
  });
}

/** `new Request(request, init)`: what the caller sent, in another object. */
const sameRequest: Handler = call => {
  const [first] = call.arguments;
  if (first?.kind === 'native' && first.native.name === 'request') return requestValue(undefined);
  const isClient = first !== undefined && termOf(first).kind === 'client';
  if (isClient) return requestValue(undefined);
  return { kind: 'external', library: undefined, path: 'Request()', arguments: call.arguments };
};

const newUrl: Handler = call => {
  const [first] = call.arguments;
  const [address] = first === undefined ? [] : alternativesOf(first).flatMap(({ value }) => requested(value) ?? []);
  if (address !== undefined) return urlValue(call, address.route);
  return { kind: 'external', library: undefined, path: 'URL()', arguments: call.arguments };
};

function requested(value: Value): ReturnType<typeof routeOfAddress> {
  return value.kind === 'term' ? routeOfAddress(value.term) : undefined;
}

/** `new Response(body, other)` answers as the other does. */
function statusOf(init: Value | undefined): number | undefined {
  if (init?.kind === 'response') return init.status;
  if (init?.kind !== 'object') return undefined;
  const status = init.fields.get('status');
  return status?.kind === 'constant' && typeof status.value === 'number' ? status.value : undefined;
}

function headersOf(init: Value | undefined): Value {
  if (init?.kind === 'response') return init.headers;
  return init?.kind === 'object' ? (init.fields.get('headers') ?? undefinedValue) : undefinedValue;
}

function answer(callee: string, library: string | undefined): Handler {
  return call => {
    const [body, init] = call.arguments;
    const { machine, frame } = call;
    const place = machine.place(frame, call.at, call.end);
    machine.emit(frame, { kind: 'call', library, callee, arguments: call.arguments, place });
    const status = statusOf(init) ?? (callee.endsWith('redirect') ? 307 : init === undefined ? 200 : undefined);
    if (status !== undefined && status >= 400) noteExit(call, 'response', status, messageOf(body));
    return { kind: 'response', status, headers: headersOf(init), body: body ?? undefinedValue, place };
  };
}

function messageOf(body: Value | undefined): string | undefined {
  if (body?.kind === 'constant' && typeof body.value === 'string') return body.value;
  if (body?.kind !== 'object') return undefined;
  for (const field of body.fields.values())
    if (field.kind === 'constant' && typeof field.value === 'string') return field.value;
  return undefined;
}

/** Records that a path leaves here, with what the conditions on the way say. */
export function noteExit(
  call: Call,
  how: ExitEvent['how'],
  status: number | undefined,
  message: string | undefined,
): void {
  const { machine, frame } = call;
  machine.emit(frame, {
    kind: 'exit',
    how,
    status,
    message,
    because: frame.facts.slice(-4),
    place: machine.place(frame, call.at, call.end),
  });
}

function leaving(callee: string, how: ExitEvent['how'], status: number): Handler {
  return call => {
    call.machine.emit(call.frame, {
      kind: 'call',
      library: 'next/navigation',
      callee,
      arguments: call.arguments,
      place: call.machine.place(call.frame, call.at, call.end),
    });
    noteExit(call, how, status, undefined);
    call.frame.dead = true;
    return bottom;
  };
}

function requestPart(path: string): Handler {
  return call => {
    call.machine.noteSource(call.frame, { kind: 'client', path }, call.at);
    call.machine.emit(call.frame, {
      kind: 'call',
      library: 'next/headers',
      callee: path === 'header' ? 'headers' : 'cookies',
      arguments: [],
      place: call.machine.place(call.frame, call.at, call.end),
    });
    return { kind: 'promise', value: clientValue(path), facts: [] };
  };
}

const unstableCache: Handler = call => {
  const [body, keyParts, options] = call.arguments;
  if (body?.kind !== 'function') return undefinedValue;
  const closure = body.closure as FunctionClosure;
  const place = call.machine.place(call.frame, call.at, call.end);
  const name = body.name === '' ? (call.frame.code?.name ?? 'unstable_cache') : body.name;
  return handlerValue(
    'cached function',
    `unstable_cache ${place.file}:${place.line} ${valueKey(body)} ${keyParts === undefined ? '' : valueKey(keyParts)}`,
    inner => {
      const parts = keyParts?.kind === 'array' ? keyParts.items : [];
      void options;
      return callValue(inner.machine, inner.frame, body, inner.arguments, {
        at: inner.at,
        end: inner.end,
        cached: result => ({
          id: `${place.file}#${name}`,
          mechanism: 'unstable_cache',
          name,
          arguments: inner.arguments,
          keyParts: parts,
          captured: capturedValues(closure),
          place,
          result,
        }),
      });
    },
  );
};

const first: Handler = call => call.arguments[0] ?? undefinedValue;

/** The same value in another type. */
function as(type: PlainType | undefined): Handler {
  return call => converted(call.arguments[0] ?? undefinedValue, type);
}

const keepText: Handler = call => {
  const [value] = call.arguments;
  if (value === undefined) return constant('');
  return choose(
    alternativesOf(value).map(({ value: inner, facts }) => ({
      value: inner.kind === 'constant' ? constant(String(inner.value)) : converted(inner, 'string'),
      facts,
    })),
  );
};

/** The parameters of a URL that the code puts together. */
function searchParams(initial: Value, added: readonly Value[]): Value {
  const inside = [initial, ...added];
  const made = (name: string): Value => ({
    kind: 'external',
    library: undefined,
    path: `URLSearchParams.${name}()`,
    arguments: inside,
  });
  const native: NativeValue & { readonly mutated: (name: string, values: readonly Value[]) => Value } = {
    name: 'URLSearchParams',
    key: `URLSearchParams ${inside.map(value => valueKey(value)).join(',')}`,
    inside,
    mutated: (name, values) =>
      name === 'delete' ? searchParams(initial, added) : searchParams(initial, [...added, ...values]),
    method: (name, { machine, frame, arguments: [field], at }) => {
      const isOwn = name === 'get' && field?.kind === 'constant' && added.length === 0;
      if (isOwn) return memberOf(machine, frame, initial, String(field.value), at, true);
      return name === 'append' || name === 'set' || name === 'delete' ? undefinedValue : made(name);
    },
    member: name => (name === 'size' ? made(name) : undefined),
  };
  return nativeValue(native);
}

const toBoolean: Handler = call => {
  const [value = undefinedValue] = call.arguments;
  return choose(
    alternativesOf(value).map(({ value: inner, facts }) => {
      const truth = truthOf(inner);
      // What may be either, such as the answer of a library, keeps what it says when it is tested.
      const keeps = truth === 'maybe' || inner.kind === 'term' || inner.kind === 'native';
      return { value: keeps ? inner : constant(truth === 'true'), facts };
    }),
  );
};

const objectEntries: Handler = call => {
  const [value = undefinedValue] = call.arguments;
  if (value.kind === 'object' && value.spread.length === 0) {
    return {
      kind: 'array',
      items: [...value.fields].map(([name, field]): Value => ({ kind: 'array', items: [constant(name), field] })),
    };
  }
  const { element } = iterated(call.machine, call.frame, value, call.at);
  return {
    kind: 'list',
    element: { kind: 'array', items: [keyOf(call, value), element] },
    rows: undefined,
    facts: [],
  };
};

/** A name under which a value has something: whoever chose the value chose its names. */
function keyOf(call: Call, value: Value): Value {
  const known = value.kind === 'term' && value.term.kind !== 'opaque' ? value.term : undefined;
  return known === undefined
    ? call.machine.opaque(call.frame, call.at, 'a key')
    : { kind: 'term', term: callTerm('key', [known]), maybeUndefined: false };
}

const objectValues: Handler = call => {
  const [value = undefinedValue] = call.arguments;
  if (value.kind === 'object' && value.spread.length === 0) return { kind: 'array', items: [...value.fields.values()] };
  return {
    kind: 'list',
    element: iterated(call.machine, call.frame, value, call.at).element,
    rows: undefined,
    facts: [],
  };
};

const objectKeys: Handler = call => {
  const [value = undefinedValue] = call.arguments;
  if (value.kind === 'object' && value.spread.length === 0)
    return { kind: 'array', items: [...value.fields.keys()].map(name => constant(name)) };
  return { kind: 'list', element: keyOf(call, value), rows: undefined, facts: [] };
};

const fromEntries: Handler = call => {
  const [value = undefinedValue] = call.arguments;
  const isNamed = (item: Value): boolean => item.kind === 'array' && item.items[0]?.kind === 'constant';
  if (value.kind === 'array' && value.items.every(isNamed)) {
    const fields = new Map<string, Value>();
    for (const item of value.items)
      if (item.kind === 'array' && item.items[0]?.kind === 'constant')
        fields.set(String(item.items[0].value), item.items[1] ?? undefinedValue);
    return { kind: 'object', fields, spread: [] };
  }
  if (value.kind === 'term') return value;
  return { kind: 'external', library: undefined, path: 'Object.fromEntries()', arguments: [value] };
};

const objectAssign: Handler = call => {
  const fields = new Map<string, Value>();
  const spread: Value[] = [];
  for (const part of call.arguments) {
    if (part.kind === 'object') {
      spread.push(...part.spread);
      for (const [name, field] of part.fields) fields.set(name, field);
    } else spread.push(part);
  }
  return { kind: 'object', fields, spread };
};

const arrayFrom: Handler = call => {
  const [value = undefinedValue, mapper] = call.arguments;
  const list: Value =
    entriesOf(call.machine, call.frame, value, call.at) ??
    (value.kind === 'native' && value.native.inside !== undefined
      ? { kind: 'array', items: value.native.inside }
      : value);
  if (mapper === undefined) return isArrayLike(list) ? list : { kind: 'array', items: [list] };
  const { element, facts } = iterated(call.machine, call.frame, list, call.at);
  const result = within(call.frame, facts, () =>
    callValue(call.machine, call.frame, mapper, [element], { at: call.at, end: call.end }),
  );
  return {
    kind: 'list',
    element: result,
    rows: list.kind === 'list' ? list.rows : undefined,
    facts: list.kind === 'list' ? list.facts : [],
  };
};

const promiseAll: Handler = call => ({
  kind: 'promise',
  value: awaitAll(call.machine, call.frame, call.arguments[0] ?? undefinedValue, call.at),
  facts: [],
});

const promiseSettled: Handler = call => {
  const before = call.frame.facts;
  const value = awaitAll(call.machine, call.frame, call.arguments[0] ?? undefinedValue, call.at);
  // What failed is among the answers: nothing has been established.
  call.frame.facts = before;
  const wrap = (inner: Value): Value =>
    choose([
      { value: objectOf({ status: constant('fulfilled'), value: inner }), facts: [] },
      {
        value: objectOf({ status: constant('rejected'), reason: call.machine.opaque(call.frame, call.at, 'a reason') }),
        facts: [],
      },
    ]);
  if (value.kind === 'array')
    return { kind: 'promise', value: { kind: 'array', items: value.items.map(wrap) }, facts: [] };
  return {
    kind: 'promise',
    value: value.kind === 'list' ? { ...value, element: wrap(value.element) } : value,
    facts: [],
  };
};

const resolved: Handler = call => ({
  kind: 'promise',
  value: awaitValue(call.machine, call.frame, call.arguments[0] ?? undefinedValue, call.at),
  facts: [],
});

/** `timingSafeEqual(given, expected)`: as `===`. */
const sameBytes: Handler = call => {
  const [left = undefinedValue, right = undefinedValue] = call.arguments;
  const one = termOf(left);
  const other = termOf(right);
  const place = call.machine.place(call.frame, call.at);
  const more = secretFacts(call.machine, call.frame, one, other, call.at);
  return {
    kind: 'test',
    whenTrue: [conditionFact({ kind: 'compare', operator: '=', left: one, right: other }, place, ''), ...more],
    whenFalse: [],
  };
};

const opaqueTest: Handler = () => ({ kind: 'test', whenTrue: [], whenFalse: [] });

const jsonParse: Handler = call => {
  const [value = undefinedValue] = call.arguments;
  call.machine.emit(call.frame, {
    kind: 'call',
    library: undefined,
    callee: 'JSON.parse',
    arguments: call.arguments,
    place: call.machine.place(call.frame, call.at, call.end),
  });
  const parsed = alternativesOf(value).flatMap(({ value: text, facts }): Alternative[] => {
    const inner = parsedText(text);
    return inner === undefined ? [] : [{ value: inner, facts }];
  });
  if (parsed.length > 0) return choose(parsed);
  call.frame.dead = true;
  return bottom;
};

/** What a text says; absent where it is none that can be parsed. */
function parsedText(text: Value): Value | undefined {
  if (text.kind === 'term') return converted({ ...text, maybeUndefined: false }, undefined);
  if (text.kind === 'constant') return text.value === '' || text.value === undefined ? undefined : text;
  // The body, read piece by piece.
  const parts = text.kind === 'external' ? atoms(termOf(text)).filter(atom => atom.kind !== 'constant') : [];
  const isBody = parts.length > 0 && parts.every(atom => atom.kind === 'client' && atom.path === 'body');
  return isBody ? { kind: 'term', term: { kind: 'client', path: 'body' }, maybeUndefined: false } : text;
}

/** `constructEvent` throws unless the signature is right. */
function verifiedEvent(library: string, callee: string, isAsync: boolean): Handler {
  return call => {
    const place = call.machine.place(call.frame, call.at, call.end);
    call.machine.emit(call.frame, { kind: 'call', library, callee, arguments: call.arguments, place });
    const fact = { holds: { kind: 'system' }, place, label: 'the signature of the event was verified' } as const;
    const value: Value = { kind: 'term', term: { kind: 'event', path: 'event' }, maybeUndefined: false, truthy: true };
    call.machine.noteSource(call.frame, { kind: 'event', path: 'event' }, call.at);
    if (isAsync) return { kind: 'promise', value, facts: [fact] };
    call.frame.learn([fact]);
    return value;
  };
}

const mapMaker =
  (kind: 'Map' | 'Set'): Handler =>
  call => {
    const [entries] = call.arguments;
    if (entries === undefined) return mapValue(call, kind, []);
    if (kind === 'Set') return mapValue(call, kind, entries.kind === 'array' ? entries.items : [entries]);
    // Rows by one of their fields: `new Map(rows.map(row => [row.key, row]))`.
    if (entries.kind === 'list' && entries.element.kind === 'array')
      return mapValue(call, kind, [{ ...entries, element: entries.element.items[1] ?? undefinedValue }], entries);
    const values =
      entries.kind === 'array'
        ? entries.items.flatMap(item => (item.kind === 'array' && item.items[1] !== undefined ? [item.items[1]] : []))
        : [iterated(call.machine, call.frame, entries, call.at).element];
    return mapValue(call, kind, values);
  };

/** `createEnv` of t3-env: each field is a variable of the environment. */
const checkedEnvironment: Handler = ({ machine }) =>
  nativeValue({
    name: 'environment',
    key: 'environment',
    member: name => environmentValue(machine.source, name, false),
  });

/** `env('NAME')`: a variable of the environment by its name, present or not. */
function namedEnvironment(call: Call): Value {
  const [name] = call.arguments;
  return name?.kind === 'constant' && typeof name.value === 'string'
    ? { kind: 'term', term: { kind: 'environment', name: name.value }, maybeUndefined: true }
    : call.machine.opaque(call.frame, call.at, 'a variable of the environment');
}

/** `Promise.race`, `Promise.any`: any one of the values. */
function oneOfThem(call: Call): Value {
  const all = awaitAll(call.machine, call.frame, call.arguments[0] ?? undefinedValue, call.at);
  return { kind: 'promise', value: iterated(call.machine, call.frame, all, call.at).element, facts: [] };
}

/** JavaScript, the web platform, Node, React and Next.js. */
export const platformHandlers: Readonly<Record<string, Handler>> = {
  '#new URL': newUrl,
  '#new Request': sameRequest,
  'next/server#new NextRequest': sameRequest,
  '#new Map': mapMaker('Map'),
  '#new Set': mapMaker('Set'),
  '#new WeakMap': mapMaker('Map'),
  '#new URLSearchParams': call => {
    const [given = objectOf({})] = call.arguments;
    return given.kind === 'object' ? searchParams(given, []) : given;
  },
  '#new Headers': call => call.arguments[0] ?? objectOf({}),
  '#Response.json': answer('Response.json', undefined),
  '#new Response': answer('new Response', undefined),
  '#Response.redirect': answer('Response.redirect', undefined),
  'next/server#NextResponse.json': answer('NextResponse.json', 'next/server'),
  'next/server#new NextResponse': answer('new NextResponse', 'next/server'),
  'next/server#NextResponse.redirect': answer('NextResponse.redirect', 'next/server'),
  'next/server#NextResponse.next': answer('NextResponse.next', 'next/server'),
  'next/server#NextResponse.rewrite': answer('NextResponse.rewrite', 'next/server'),
  'next/navigation#redirect': leaving('redirect', 'redirect', 307),
  'next/navigation#permanentRedirect': leaving('permanentRedirect', 'redirect', 308),
  'next/navigation#notFound': leaving('notFound', 'not-found', 404),
  'next/navigation#forbidden': leaving('forbidden', 'forbidden', 403),
  'next/navigation#unauthorized': leaving('unauthorized', 'unauthorized', 401),
  'next/headers#headers': requestPart('header'),
  'next/headers#cookies': requestPart('cookie'),
  'next/cache#unstable_cache': unstableCache,
  'next-runtime-env#env': namedEnvironment,
  '@t3-oss/env-nextjs#createEnv': checkedEnvironment,
  '@t3-oss/env-core#createEnv': checkedEnvironment,
  'react#cache': first,
  'react#use': call => awaitValue(call.machine, call.frame, call.arguments[0] ?? undefinedValue, call.at),
  'better-auth/node#fromNodeHeaders': first,
  '#Promise.all': promiseAll,
  '#Promise.allSettled': promiseSettled,
  '#Promise.race': oneOfThem,
  '#Promise.any': oneOfThem,
  '#Promise.resolve': resolved,
  '#Promise.reject': () => ({ kind: 'promise', value: bottom, facts: [] }),
  '#Object.entries': objectEntries,
  '#Object.values': objectValues,
  '#Object.keys': objectKeys,
  '#Object.fromEntries': fromEntries,
  '#Object.assign': objectAssign,
  '#Object.freeze': first,
  '#Object.hasOwn': opaqueTest,
  '#Array.isArray': call => {
    const [value] = call.arguments;
    if (value?.kind === 'array' || value?.kind === 'list') return constant(true);
    return value?.kind === 'constant' || value?.kind === 'object'
      ? constant(false)
      : { kind: 'test', whenTrue: [], whenFalse: [] };
  },
  '#Array.from': arrayFrom,
  '#structuredClone': first,
  '#String': keepText,
  '#Number': as('number'),
  '#parseInt': as('number'),
  '#parseFloat': as('number'),
  '#BigInt': as(undefined),
  '#Boolean': toBoolean,
  '#decodeURIComponent': as('string'),
  '#encodeURIComponent': as('string'),
  '#JSON.parse': jsonParse,
  '#Buffer.from': as(undefined),
  '#isNaN': opaqueTest,
  '#Number.isNaN': opaqueTest,
  '#Number.isInteger': opaqueTest,
  '#Number.isFinite': opaqueTest,
  'crypto#timingSafeEqual': sameBytes,
  'crypto#crypto.timingSafeEqual': sameBytes,
  '#crypto.timingSafeEqual': sameBytes,
  'stripe#stripe.webhooks.constructEvent': verifiedEvent('stripe', 'stripe.webhooks.constructEvent', false),
  'stripe#stripe.webhooks.constructEventAsync': verifiedEvent('stripe', 'stripe.webhooks.constructEventAsync', true),
  'svix#Webhook.verify': verifiedEvent('svix', 'Webhook.verify', false),
};
