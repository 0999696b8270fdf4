import { handlerValue } from '../calls.ts';
import { nativeValue, type Call, type Handler } from '../machine.ts';
import { choose } from '../operations.ts';
import type { Fact } from '../types.ts';
import { constant, nullValue, objectOf, present, undefinedValue, type Value } from '../value.ts';

/** A principal's attribute: `user.id`, `tenant.id`, … */
export function principal(attribute: string, maybeUndefined = false): Value {
  return maybeUndefined
    ? { kind: 'term', term: { kind: 'principal', attribute }, maybeUndefined: true }
    : present({ kind: 'principal', attribute });
}

/** Somebody is signed in. */
export function signedIn(call: Call): Fact {
  return {
    holds: { kind: 'signed-in' },
    place: call.machine.place(call.frame, call.at),
    label: 'a session was verified',
  };
}

/** A session, or null when nobody is signed in. */
export function sessionOrNull(call: Call, session: Value): Value {
  return choose([
    { value: session, facts: [signedIn(call)] },
    { value: nullValue, facts: [] },
  ]);
}

/** The user of a session; fields beyond the known ones belong to the principal too. */
export function userValue(): Value {
  return {
    kind: 'object',
    fields: new Map([
      ['id', principal('user.id')],
      ['email', principal('user.email')],
      ['name', principal('user.name')],
      ['role', principal('user.role', true)],
    ]),
    spread: [{ kind: 'term', term: { kind: 'principal', attribute: 'user' }, maybeUndefined: false }],
  };
}

function betterAuthSession(): Value {
  const inner: Value = {
    kind: 'object',
    fields: new Map([
      ['userId', principal('user.id')],
      ['activeOrganizationId', principal('tenant.id', true)],
      ['activeTeamId', principal('team.id', true)],
    ]),
    spread: [{ kind: 'term', term: { kind: 'principal', attribute: 'session' }, maybeUndefined: false }],
  };
  return objectOf({ user: userValue(), session: inner });
}

const betterAuth: Handler = call => {
  const place = call.machine.place(call.frame, call.at);
  const api = nativeValue({
    name: 'auth api',
    key: `auth api ${place.file}:${place.line}`,
    method: (name, inner) => {
      switch (name) {
        case 'getSession':
          return { kind: 'promise', value: sessionOrNull(inner, betterAuthSession()), facts: [] };
        case 'getActiveMember':
          return {
            kind: 'promise',
            value: sessionOrNull(
              inner,
              objectOf({
                organizationId: principal('tenant.id'),
                userId: principal('user.id'),
                role: principal('tenant.role'),
                id: principal('member.id'),
              }),
            ),
            facts: [],
          };
        case 'getActiveMemberRole':
          return {
            kind: 'promise',
            value: sessionOrNull(inner, objectOf({ role: principal('tenant.role') })),
            facts: [],
          };
        case 'hasPermission': {
          const fact: Fact = {
            holds: { kind: 'role', roles: ['permission'], tenant: { kind: 'principal', attribute: 'tenant.id' } },
            place: inner.machine.place(inner.frame, inner.at),
            label: 'a permission in the active organisation was checked',
          };
          return {
            kind: 'promise',
            value: objectOf({
              success: { kind: 'test', whenTrue: [signedIn(inner), fact], whenFalse: [] },
              error: nullValue,
            }),
            facts: [],
          };
        }
        case 'userHasPermission': {
          const fact: Fact = {
            holds: { kind: 'role', roles: ['permission'] },
            place: inner.machine.place(inner.frame, inner.at),
            label: 'a permission in the app was checked',
          };
          return {
            kind: 'promise',
            value: objectOf({
              success: { kind: 'test', whenTrue: [signedIn(inner), fact], whenFalse: [] },
              error: nullValue,
            }),
            facts: [],
          };
        }
        default:
          inner.machine.emit(inner.frame, {
            kind: 'call',
            library: 'better-auth',
            callee: `auth.api.${name}`,
            arguments: inner.arguments,
            place: inner.machine.place(inner.frame, inner.at, inner.end),
          });
          return {
            kind: 'promise',
            value: { kind: 'external', library: 'better-auth', path: `auth.api.${name}()`, arguments: inner.arguments },
            facts: [],
          };
      }
    },
    member: name => ({ kind: 'external', library: 'better-auth', path: `auth.api.${name}`, arguments: [] }),
  });
  return nativeValue({
    name: 'auth',
    key: `auth ${place.file}:${place.line}`,
    member: name =>
      name === 'api' ? api : { kind: 'external', library: 'better-auth', path: `auth.${name}`, arguments: [] },
  });
};

function nextAuthSession(): Value {
  return objectOf({ user: userValue(), expires: undefinedValue });
}

const nextAuthCall: Handler = call => {
  // `auth(handler)` wraps a route handler; `auth()` gives the session.
  const [handler] = call.arguments;
  if (handler?.kind === 'function') return handler;
  return { kind: 'promise', value: sessionOrNull(call, nextAuthSession()), facts: [] };
};

const nextAuth: Handler = () =>
  objectOf({
    auth: handlerValue('auth', 'next-auth auth', nextAuthCall),
    handlers: { kind: 'external', library: 'next-auth', path: 'handlers', arguments: [] },
    signIn: { kind: 'external', library: 'next-auth', path: 'signIn', arguments: [] },
    signOut: { kind: 'external', library: 'next-auth', path: 'signOut', arguments: [] },
  });

const clerkAuth: Handler = call => {
  const user = choose([
    { value: principal('user.id'), facts: [signedIn(call)] },
    { value: nullValue, facts: [] },
  ]);
  const value: Value = objectOf({
    userId: user,
    orgId: principal('tenant.id', true),
    orgRole: principal('tenant.role', true),
    orgSlug: principal('tenant.slug', true),
    sessionClaims: { kind: 'term', term: { kind: 'principal', attribute: 'claims' }, maybeUndefined: true },
  });
  return { kind: 'promise', value, facts: [] };
};

const clerkProtect: Handler = call => ({
  kind: 'promise',
  value: objectOf({
    userId: principal('user.id'),
    orgId: principal('tenant.id', true),
    orgRole: principal('tenant.role', true),
  }),
  facts: [signedIn(call)],
});

/** The content of a token whose signature was checked: what the server once wrote into it. */
function claimsValue(): Value {
  const user = ['sub', 'userId', 'user_id', 'uid', 'id'];
  const tenant = ['orgId', 'org_id', 'organizationId', 'teamId', 'tenantId', 'workspaceId', 'companyId'];
  return {
    kind: 'object',
    fields: new Map([
      ...user.map((name): [string, Value] => [name, principal('user.id')]),
      ...tenant.map((name): [string, Value] => [name, principal('tenant.id', true)]),
      ['user', userValue()],
      ['email', principal('user.email', true)],
      ['role', principal('user.role', true)],
    ]),
    spread: [{ kind: 'term', term: { kind: 'principal', attribute: 'claims' }, maybeUndefined: false }],
  };
}

const verifiedToken: Handler = call => ({
  kind: 'promise',
  value: objectOf({ payload: claimsValue(), protectedHeader: constant('header') }),
  facts: [signedIn(call)],
});

/** `verify(token, secret)` of jsonwebtoken throws unless the signature is right. */
const verifyNow: Handler = call => {
  call.frame.learn([signedIn(call)]);
  return claimsValue();
};

/** Read without a look at the signature: whatever the caller wrote. */
const decodeOnly: Handler = () => present({ kind: 'client', path: 'token' });

/** An encrypted cookie: what the server wrote into it, if it did. */
const ironSession: Handler = call => {
  const some = (value: Value): Value =>
    choose([
      { value, facts: [signedIn(call)] },
      { value: undefinedValue, facts: [] },
    ]);
  const fields = new Map<string, Value>([
    ['userId', some(principal('user.id'))],
    ['user', some(userValue())],
    ['isLoggedIn', some(constant(true))],
  ]);
  const session: Value = {
    kind: 'object',
    fields,
    spread: [{ kind: 'term', term: { kind: 'principal', attribute: 'session' }, maybeUndefined: true }],
  };
  return { kind: 'promise', value: session, facts: [] };
};

const tokenOrNull: Handler = call => ({ kind: 'promise', value: sessionOrNull(call, claimsValue()), facts: [] });

const getServerSession: Handler = call => ({
  kind: 'promise',
  value: sessionOrNull(call, nextAuthSession()),
  facts: [],
});

/** Authentication libraries: what is verified, and what it says of the principal. */
export const sessionHandlers: Readonly<Record<string, Handler>> = {
  'better-auth#betterAuth': betterAuth,
  'better-auth/minimal#betterAuth': betterAuth,
  'next-auth#next-auth': nextAuth,
  'next-auth#getServerSession': getServerSession,
  'next-auth/next#getServerSession': getServerSession,
  '@clerk/nextjs/server#auth': clerkAuth,
  '@clerk/nextjs/server#auth.protect': clerkProtect,
  '@clerk/nextjs/server#currentUser': call => ({ kind: 'promise', value: sessionOrNull(call, userValue()), facts: [] }),
  'jose#jwtVerify': verifiedToken,
  'jose#decodeJwt': decodeOnly,
  'jsonwebtoken#jsonwebtoken.verify': verifyNow,
  'jsonwebtoken#verify': verifyNow,
  'jsonwebtoken#jsonwebtoken.decode': decodeOnly,
  'jsonwebtoken#decode': decodeOnly,
  'jwt-decode#jwtDecode': decodeOnly,
  'iron-session#getIronSession': ironSession,
  'next-auth/jwt#getToken': tokenOrNull,
};
