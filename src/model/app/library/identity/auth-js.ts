import { callValue, handlerValue } from '../../calls.ts';
import { awaitValue, peekMember } from '../../expressions.ts';
import { valueKey } from '../../keys.ts';
import { behaviourOf, type Call, type Handler } from '../../machine.ts';
import { alternativesOf, choose, isBottom, termOf } from '../../operations.ts';
import type { Fact } from '../../types.ts';
import {
  atoms,
  nullValue,
  objectOf,
  present,
  termsIn,
  undefinedValue,
  type Alternative,
  type Value,
} from '../../value.ts';
import { configHandler } from './flows.ts';
import {
  asSignedIn,
  claimsValue,
  library,
  principal,
  sessionOrNull,
  signedIn,
  tenantFields,
  untold,
  userIdFields,
  userValue,
  written,
} from './principal.ts';

/** What `useSession().update(…)` of the browser sends, as callbacks see it: nobody looked at it. */
const sentByUpdate: Value = { kind: 'term', term: { kind: 'client', path: 'session update' }, maybeUndefined: true };

/** What an app puts into it beside the user (`session.activeTeamId`) is the server's word as well. */
function plainSession(): Value {
  return written(
    { ...userIdFields(), ...tenantFields(), user: userValue(tenantFields()), expires: principal('session.expires') },
    'session',
  );
}

/** A callback of the configuration; a configuration may be made for each request. */
function callback(call: Call, config: Value | undefined, name: string): Value | undefined {
  if (config === undefined) return undefined;
  for (const { value } of alternativesOf(config)) {
    const settled =
      value.kind === 'function'
        ? awaitValue(
            call.machine,
            call.frame,
            callValue(call.machine, call.frame, value, [undefinedValue], call),
            call.at,
          )
        : value;
    const callbacks = settled.kind === 'object' ? settled.fields.get('callbacks') : undefined;
    const found = callbacks?.kind === 'object' ? callbacks.fields.get(name) : undefined;
    if (found?.kind === 'function') return found;
  }
  return undefined;
}

function settle(call: Call, callee: Value, input: Value): Value {
  const { machine, frame } = call;
  return awaitValue(
    machine,
    frame,
    callValue(machine, frame, callee, [input], { at: call.at, end: call.end }),
    call.at,
  );
}

/** The token as the callback `jwt` leaves it: at sign-in with the user, later with what an update sent. */
function tokenValue(call: Call, config: Value | undefined): Value {
  const token = claimsValue();
  const write = callback(call, config, 'jwt');
  if (write === undefined) return token;
  const user = choose([
    { value: userValue(tenantFields()), facts: [] },
    { value: undefinedValue, facts: [] },
  ]);
  const unknown = (what: string): Value => call.machine.opaque(call.frame, call.at, what);
  const left = settle(
    call,
    write,
    objectOf({
      token,
      user,
      account: unknown('the account of a sign-in'),
      profile: unknown('the profile of a sign-in'),
      trigger: unknown('why a token is written'),
      session: sentByUpdate,
    }),
  );
  return isBottom(left) ? token : sealed(left, token);
}

/**
 * What a token holds when it comes back: the server sealed it, so that whatever the callback wrote at sign-in is the
 * principal's. Only what an update of the browser brought in is the browser's own choice.
 */
function sealed(left: Value, token: Value): Value {
  const whole = alternativesOf(left).map(({ value }) => value);
  const objects = whole.filter(value => value.kind === 'object');
  if (objects.length === 0) return token;
  const names = new Set(objects.flatMap(value => [...value.fields.keys()]));
  const fields = new Map<string, Value>(token.kind === 'object' ? token.fields : []);
  for (const name of names) {
    const usual = peekMember(token, name, true) ?? principal(`claims.${name}`, true);
    const parts = objects.flatMap(value => alternativesOf(value.fields.get(name) ?? usual));
    fields.set(name, choose(parts.map(part => ({ value: own(part.value, usual), facts: lasting(part) }))));
  }
  return { kind: 'object', fields, spread: token.kind === 'object' ? token.spread : [] };
}

/** A row that was read for the token, or what a browser sent, stays what it is. */
function own(value: Value, usual: Value): Value {
  if (value.kind === 'constant') return usual;
  if (value.kind !== 'term' && value.kind !== 'external') return value;
  const parts = atoms(termOf(value));
  return parts.some(part => part.kind === 'client' || part.kind === 'column') ? value : usual;
}

/** What held when the token was written holds no more, but for rows that were read for it. */
function lasting({ value, facts }: Alternative): readonly Fact[] {
  if (value.kind === 'row') return facts.filter(fact => fact.holds.kind === 'row');
  return value.kind === 'term' && atoms(value.term).some(part => part.kind === 'column') ? facts : [];
}

/** The session as the app's callbacks make it from the verified token or the user's row. */
function sessionValue(call: Call, config: Value | undefined): Value {
  const make = callback(call, config, 'session');
  if (make === undefined) return sessionOrNull(call, plainSession());
  const { value, facts } = asSignedIn(call, () =>
    settle(
      call,
      make,
      objectOf({
        session: plainSession(),
        token: tokenValue(call, config),
        user: userValue(tenantFields()),
        newSession: sentByUpdate,
      }),
    ),
  );
  if (isBottom(value)) return sessionOrNull(call, plainSession());
  return {
    kind: 'choice',
    alternatives: [
      ...alternativesOf(value).map(inner => ({
        value: withOwnId(inner.value),
        facts: [signedIn(call), ...facts, ...inner.facts],
      })),
      { value: nullValue, facts: [] },
    ],
  };
}

/** The session's `user.id` is who signed in, by whatever claim of the verified token a callback took it from. */
function withOwnId(session: Value): Value {
  const user = session.kind === 'object' ? peekMember(session, 'user', true) : undefined;
  if (session.kind !== 'object' || user === undefined) return session;
  const whole = alternativesOf(user).map(({ value, facts }) => ({ value: identified(value), facts }));
  return { ...session, fields: new Map([...session.fields, ['user', choose(whole)]]) };
}

function identified(user: Value): Value {
  const usual = peekMember(userValue(tenantFields()), 'id', true);
  if (isClaim(user) && usual !== undefined) return { kind: 'object', fields: new Map([['id', usual]]), spread: [user] };
  if (user.kind !== 'object' && user.kind !== 'row') return user;
  const id = peekMember(user, 'id', true);
  if (id === undefined || usual === undefined) return user;
  const own = choose(alternativesOf(id).map(({ value, facts }) => ({ value: isClaim(value) ? usual : value, facts })));
  return { ...user, fields: new Map([...(user.fields ?? []), ['id', own]]) };
}

/** Something that the verified token says; a row that a callback read is whose its look-up says. */
function isClaim(value: Value): boolean {
  const terms = termsIn(value);
  return value.kind === 'term' && terms.length > 0 && terms.every(term => term.kind === 'principal');
}

/** `auth()` gives the session; `auth(handler)` calls the handler with a request that has it. */
function authValue(config: Value | undefined): Value {
  return handlerValue('auth', `next-auth auth ${config === undefined ? '' : valueKey(config)}`, call => {
    const handler = call.arguments.find(value => value.kind === 'function');
    if (handler === undefined) return { kind: 'promise', value: sessionValue(call, config), facts: [] };
    return handlerValue('handler with a session', `auth ${valueKey(handler)}`, inner => {
      const [request = undefinedValue, ...others] = inner.arguments;
      const session = sessionValue(inner, config);
      const augmented =
        request.kind === 'native' ? (behaviourOf(request).assigned?.('auth', session) ?? request) : request;
      return callValue(inner.machine, inner.frame, handler, [augmented, ...others], { at: inner.at, end: inner.end });
    });
  });
}

const nextAuth: Handler = call => {
  const [first, second, third] = call.arguments;
  // In `pages/api` it may be called with the request and the response first.
  const config = third ?? (first?.kind === 'native' ? second : first);
  const routes = configHandler(config, 'next-auth');
  if (call.arguments.length > 1) return routes;
  const native = routes.kind === 'native' ? routes.native : undefined;
  if (native === undefined) return routes;
  const fields = new Map<string, Value>([
    ['auth', authValue(config)],
    ['handlers', objectOf({ GET: routes, POST: routes })],
    ['signIn', untold('next-auth', 'signIn')],
    ['signOut', untold('next-auth', 'signOut')],
    ['unstable_update', untold('next-auth', 'unstable_update')],
  ]);
  // Version 4 gives the routes themselves, version 5 an object with them.
  return { kind: 'native', native: { ...native, member: (name: string) => fields.get(name) } as typeof native };
};

const getServerSession: Handler = call => ({
  kind: 'promise',
  value: sessionValue(
    call,
    call.arguments.findLast(value => value.kind === 'object' || value.kind === 'choice'),
  ),
  facts: [],
});

/** A provider is its options: what the app wrote into them runs at sign-in. */
const provider: Handler = call => call.arguments[0] ?? present({ kind: 'constant', value: 'provider' });

const providers = ['credentials', 'email', 'nodemailer', 'resend', 'google', 'github', 'apple', 'discord', 'azure-ad'];

/** https://authjs.dev: NextAuth 4 and Auth.js 5. */
export const authJsHandlers: Readonly<Record<string, Handler>> = {
  'next-auth#next-auth': nextAuth,
  'next-auth#default': nextAuth,
  ...library(['next-auth', 'next-auth/next'], { getServerSession, unstable_getServerSession: getServerSession }),
  // The same sessions beside Next.js: https://authjs.dev/reference/express.
  ...library(['@auth/express', '@auth/solid-start'], { getSession: getServerSession }),
  // On the server with the request of `getServerSideProps` or of an API route; without it there is no cookie to read.
  ...library(['next-auth/react', 'next-auth/client'], {
    getSession: call =>
      call.arguments.length === 0
        ? untold('next-auth', 'getSession()')
        : { kind: 'promise', value: sessionValue(call, undefined), facts: [] },
  }),
  'next-auth/next#next': nextAuth,
  ...Object.fromEntries(
    ['next-auth', '@auth/core'].flatMap(root => providers.map(name => [`${root}/providers/${name}#*`, provider])),
  ),
};
