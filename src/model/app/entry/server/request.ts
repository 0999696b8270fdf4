import { augmentable, clientValue } from '../../library/platform.ts';
import { principal, signedIn, tenantFields, userValue } from '../../library/identity/principal.ts';
import { sealedSession } from '../../library/identity/tokens.ts';
import { behaviourOf, type Call, type NativeValue } from '../../machine.ts';
import { alternativesOf, choose } from '../../operations.ts';
import { constant, present, undefinedValue, type Value } from '../../value.ts';

/** What is known of a request before it arrives. */
export interface RequestFacts {
  readonly method: string | undefined;
  readonly parameters: readonly string[];
  readonly route: string;
}

/** A request of Express, Fastify or Nest, with what earlier stages wrote onto it. */
export interface NodeRequest extends NativeValue {
  readonly known: RequestFacts;
}

/** The request that a value is, if it is one. */
export function nodeRequestOf(value: Value | undefined): NodeRequest | undefined {
  return value?.kind === 'native' && 'known' in value.native ? (value.native as NodeRequest) : undefined;
}

/** A value that is a request, whichever way it came about. */
export function isNodeRequest(value: Value): boolean {
  return alternativesOf(value).every(alternative => nodeRequestOf(alternative.value) !== undefined);
}

const ofCaller: Readonly<Record<string, string>> = {
  query: 'query',
  body: 'body',
  headers: 'header',
  rawBody: 'body',
  cookies: 'cookie',
  url: 'url',
  originalUrl: 'url',
  path: 'url.pathname',
  baseUrl: 'url.pathname',
  hostname: 'url.host',
  host: 'url.host',
  ip: 'ip',
  ips: 'ip',
  file: 'file',
  files: 'file',
  rawHeaders: 'header',
};

/** A request as functions of `(req, res)` get it. */
export function nodeRequest(known: RequestFacts): Value {
  const native: NodeRequest = {
    name: 'request',
    key: `node request ${known.method ?? ''} ${known.route}`,
    known,
    member: (name, call) => {
      const path = ofCaller[name];
      if (path !== undefined)
        return path.includes('.') || path === 'url' ? present({ kind: 'client', path }) : clientValue(path);
      if (name === 'params') return parametersValue(known.parameters);
      if (name === 'method') return known.method === undefined ? clientValue('method') : constant(known.method);
      return establishedBy(name, call);
    },
    method: (name, call) => methodOf(name, call),
  };
  return augmentable(native);
}

/** The URL's own parameters are always there; any other is not. */
function parametersValue(names: readonly string[]): Value {
  const fields = names.map((name): [string, Value] => [name, present({ kind: 'client', path: `params.${name}` })]);
  return { kind: 'object', fields: new Map(fields), spread: fields.length === 0 ? [clientValue('params')] : [] };
}

/** Packages that put a session of the server's own onto every request. */
const sessions: readonly string[] = [
  'express-session',
  'cookie-session',
  '@fastify/session',
  '@fastify/secure-session',
];
const signers: readonly string[] = ['passport', '@fastify/passport', '@fastify/jwt', '@nestjs/passport'];

/** What packages write onto requests when somebody is signed in. */
function establishedBy(name: string, call: Call): Value | undefined {
  const has = (packages: readonly string[]): boolean => packages.some(one => call.machine.source.dependencies.has(one));
  if (name === 'session' && has(sessions)) return sealedSession(call);
  if (name === 'user' && has(signers)) return whoIsSignedIn(call);
  if (name === 'log') return { kind: 'external', library: undefined, path: 'console', arguments: [] };
  return undefined;
}

/** The user whom a verified token or session names. */
export function passportUser(): Value {
  return userValue({ ...tenantFields(), userId: principal('user.id'), sub: principal('user.id') });
}

function whoIsSignedIn(call: Call): Value {
  return choose([
    { value: passportUser(), facts: [signedIn(call)] },
    { value: undefinedValue, facts: [] },
  ]);
}

function methodOf(name: string, call: Call): Value | undefined {
  const [first] = call.arguments;
  switch (name) {
    case 'get':
    case 'header': {
      const key = first?.kind === 'constant' ? String(first.value).toLowerCase() : '*';
      const term = { kind: 'client', path: `header.${key}` } as const;
      call.machine.noteSource(call.frame, term, call.at);
      return { kind: 'term', term, maybeUndefined: true };
    }
    case 'param': {
      const key = first?.kind === 'constant' ? String(first.value) : '*';
      return { kind: 'term', term: { kind: 'client', path: `params.${key}` }, maybeUndefined: true };
    }
    case 'isAuthenticated':
      return { kind: 'test', whenTrue: [signedIn(call)], whenFalse: [] };
    case 'isUnauthenticated':
      return { kind: 'test', whenTrue: [], whenFalse: [signedIn(call)] };
    // https://github.com/fastify/fastify-jwt: throws unless the token is right, and sets `request.user`.
    case 'jwtVerify':
      return { kind: 'promise', value: passportUser(), facts: [signedIn(call)] };
    default:
      return undefined;
  }
}

/** The request after fields were written onto it. */
export function withWritten(request: Value, fields: ReadonlyMap<string, Value>): Value {
  if (fields.size === 0) return request;
  return choose(
    alternativesOf(request).map(({ value, facts }) => {
      let changed = value;
      for (const [name, field] of fields)
        if (changed.kind === 'native') changed = behaviourOf(changed).assigned?.(name, field) ?? changed;
      return { value: changed, facts };
    }),
  );
}
