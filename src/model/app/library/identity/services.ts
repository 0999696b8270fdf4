import { nativeValue, type Call, type Handler } from '../../machine.ts';
import { choose, termOf } from '../../operations.ts';
import type { Fact } from '../../types.ts';
import { nullValue, objectOf, present, undefinedValue, type Value } from '../../value.ts';
import {
  asks,
  asksRole,
  library,
  principal,
  requires,
  roleInTenant,
  signedIn,
  userValue,
  whenSignedIn,
  wraps,
  written,
} from './principal.ts';

// Clerk ----------------------------------------------------------------------------------------------------------------

/** `has({ role })`, `protect({ permission })`: what is asked for, in the active organisation. */
function asked(call: Call): readonly Fact[] {
  const [wanted] = call.arguments;
  const named = wanted?.kind === 'object' ? (wanted.fields.get('role') ?? wanted.fields.get('permission')) : undefined;
  if (named === undefined) return [];
  return [roleInTenant(call, [named.kind === 'constant' ? String(named.value) : 'permission'])];
}

function clerkState(call: Call, isCertain: boolean): Value {
  const some = (value: Value): Value => (isCertain ? value : whenSignedIn(call, value));
  const has: Handler = inner => ({ kind: 'test', whenTrue: [signedIn(inner), ...asked(inner)], whenFalse: [] });
  const userId = isCertain
    ? principal('user.id')
    : choose([
        { value: principal('user.id'), facts: [signedIn(call)] },
        { value: nullValue, facts: [] },
      ]);
  return objectOf({
    userId,
    sessionId: some(principal('session.id')),
    orgId: some(principal('tenant.id', true)),
    orgRole: some(principal('tenant.role', true)),
    orgSlug: some(principal('tenant.slug', true)),
    sessionClaims: some(written({ sub: principal('user.id'), org_id: principal('tenant.id', true) }, 'claims')),
    has: nativeValue({ name: 'has', key: 'clerk has', invoke: has }),
    protect: nativeValue({ name: 'protect', key: 'clerk protect', invoke: clerkProtect }),
  });
}

const clerkProtect: Handler = call => ({
  kind: 'promise',
  value: clerkState(call, true),
  facts: [signedIn(call), ...asked(call)],
});

/** Users write their own `unsafeMetadata`; the other metadata is the server's. */
function clerkUser(): Value {
  const address = written({ emailAddress: principal('user.email') }, 'user.address');
  return userValue({
    unsafeMetadata: present({ kind: 'client', path: 'unsafeMetadata' }),
    primaryEmailAddress: address,
    emailAddresses: { kind: 'list', element: address, rows: undefined, facts: [] },
  });
}

const clerk = library(['@clerk/nextjs', '@clerk/nextjs/server', '@clerk/nextjs/api'], {
  auth: call => ({ kind: 'promise', value: clerkState(call, false), facts: [] }),
  'auth.protect': clerkProtect,
  getAuth: call => clerkState(call, false),
  currentUser: asks(clerkUser),
  withAuth: wraps(),
});

// WorkOS, Kinde, Auth0, Stack, PropelAuth, Descope, Logto ----------------------------------------------------------------

function workosState(call: Call): Value {
  const [options] = call.arguments;
  const ensure = options?.kind === 'object' ? options.fields.get('ensureSignedIn') : undefined;
  const isCertain = ensure?.kind === 'constant' && ensure.value === true;
  const some = (value: Value): Value => (isCertain ? value : whenSignedIn(call, value));
  const user = isCertain
    ? userValue()
    : choose([
        { value: userValue(), facts: [signedIn(call)] },
        { value: nullValue, facts: [] },
      ]);
  return objectOf({
    user,
    sessionId: some(principal('session.id')),
    organizationId: some(principal('tenant.id', true)),
    role: some(principal('tenant.role', true)),
    roles: some(principal('tenant.roles', true)),
    permissions: some(principal('tenant.permissions', true)),
    accessToken: some(principal('session.token')),
  });
}

const workos: Handler = call => {
  const [options] = call.arguments;
  const ensure = options?.kind === 'object' ? options.fields.get('ensureSignedIn') : undefined;
  const isCertain = ensure?.kind === 'constant' && ensure.value === true;
  return { kind: 'promise', value: workosState(call), facts: isCertain ? [signedIn(call)] : [] };
};

const kinde = library(['@kinde-oss/kinde-auth-nextjs', '@kinde-oss/kinde-auth-nextjs/server'], {
  'getKindeServerSession.getUser': asks(() => userValue()),
  'getKindeServerSession.getOrganization': asks(() => objectOf({ orgCode: principal('tenant.id') })),
  'getKindeServerSession.isAuthenticated': call => ({
    kind: 'promise',
    value: { kind: 'test', whenTrue: [signedIn(call)], whenFalse: [] },
    facts: [],
  }),
  'getKindeServerSession.getPermission': call => ({
    kind: 'promise',
    value: objectOf({
      isGranted: { kind: 'test', whenTrue: [signedIn(call), roleInTenant(call, ['permission'])], whenFalse: [] },
      orgCode: principal('tenant.id', true),
    }),
    facts: [],
  }),
});

function auth0Session(): Value {
  return objectOf({
    user: written(
      {
        sub: principal('user.id'),
        email: principal('user.email', true),
        org_id: principal('tenant.id', true),
        // Users may be given leave to write it: https://auth0.com/docs/manage-users/user-accounts/metadata
        user_metadata: present({ kind: 'client', path: 'user_metadata' }),
      },
      'user',
    ),
  });
}

const auth0Names = ['@auth0/nextjs-auth0', '@auth0/nextjs-auth0/edge', '@auth0/nextjs-auth0/server'];
const auth0Methods: Readonly<Record<string, Handler>> = {
  getSession: asks(auth0Session),
  withApiAuthRequired: wraps(),
  withPageAuthRequired: wraps(),
};
const auth0 = library(auth0Names, {
  ...auth0Methods,
  ...Object.fromEntries(Object.entries(auth0Methods).map(([name, handler]) => [`Auth0Client.${name}`, handler])),
});

/** Stack Auth: a team that the user gives by `getTeam` is one of theirs. */
function stackUser(call: Call): Value {
  const team = (id: Value): Value => written({ id, serverMetadata: principal('tenant.serverMetadata') }, 'tenant');
  const fields = userValue({
    primaryEmail: principal('user.email', true),
    selectedTeam: choose([
      { value: team(principal('tenant.id')), facts: [] },
      { value: nullValue, facts: [] },
    ]),
    clientMetadata: present({ kind: 'client', path: 'clientMetadata' }),
  });
  const answered = (value: Value): Value => ({ kind: 'promise', value, facts: [] });
  const place = call.machine.place(call.frame, call.at);
  return nativeValue({
    name: 'user of a session',
    key: `stack user ${place.file}:${place.line}`,
    inside: [fields],
    member: name =>
      fields.kind === 'object'
        ? (fields.fields.get(name) ?? principal(`user.${name}`, true))
        : principal(`user.${name}`, true),
    method: (name, inner) => {
      const [first = undefinedValue] = inner.arguments;
      switch (name) {
        case 'getTeam': {
          const member: Fact = {
            holds: { kind: 'member', tenant: termOf(first) },
            place: inner.machine.place(inner.frame, inner.at),
            label: 'the team is one of the user',
          };
          return answered(
            choose([
              { value: team(first), facts: [member] },
              { value: nullValue, facts: [] },
            ]),
          );
        }
        case 'listTeams':
          return answered({ kind: 'list', element: team(principal('tenant.id')), rows: undefined, facts: [] });
        case 'hasPermission':
          return asksRole(true)(inner);
        default:
          return undefined;
      }
    },
  });
}

const stackGetUser: Handler = call => {
  const [options] = call.arguments;
  const or = options?.kind === 'object' ? options.fields.get('or') : undefined;
  const throws = or?.kind === 'constant' && (or.value === 'redirect' || or.value === 'throw');
  return (throws ? requires(stackUser) : asks(stackUser))(call);
};

const stack = library(['@stackframe/stack'], { 'StackServerApp.getUser': stackGetUser });

const propel = library(
  ['@propelauth/nextjs/server', '@propelauth/nextjs/server/app-router', '@propelauth/nextjs/server/pages'],
  {
    getUser: asks(() => userValue({ userId: principal('user.id') }), undefinedValue),
    getUserOrRedirect: requires(() => userValue({ userId: principal('user.id') })),
  },
);

const descope = library(['@descope/nextjs-sdk/server'], {
  session: asks(
    () => objectOf({ token: written({ sub: principal('user.id'), tenants: principal('tenant.ids', true) }, 'claims') }),
    undefinedValue,
  ),
});

const logto = library(['@logto/next/server-actions'], {
  getLogtoContext: call => ({
    kind: 'promise',
    value: objectOf({
      isAuthenticated: { kind: 'test', whenTrue: [signedIn(call)], whenFalse: [] },
      claims: whenSignedIn(call, written({ sub: principal('user.id') }, 'claims')),
    }),
    facts: [],
  }),
});

// Lucia ----------------------------------------------------------------------------------------------------------------

const luciaSession = (): Value => written({ userId: principal('user.id'), id: principal('session.id') }, 'session');

/** `{ session, user }`, both null when the cookie is no session's. */
const validateSession: Handler = call => ({
  kind: 'promise',
  value: choose([
    { value: objectOf({ session: luciaSession(), user: userValue() }), facts: [signedIn(call)] },
    { value: objectOf({ session: nullValue, user: nullValue }), facts: [] },
  ]),
  facts: [],
});

/** Version 2 gives the session with its user, or throws or null. */
const luciaTwo = (): Value =>
  written({ user: userValue({ userId: principal('user.id') }), userId: principal('user.id') }, 'session');

const lucia = library(['lucia'], {
  'Lucia.validateSession': validateSession,
  'lucia.validateSession': requires(luciaTwo),
  'lucia.handleRequest.validate': asks(luciaTwo),
  'lucia.handleRequest.validateBearerToken': asks(luciaTwo),
  'Lucia.readSessionCookie': () => ({
    kind: 'term',
    term: { kind: 'client', path: 'cookie.session' },
    maybeUndefined: true,
  }),
});

/** Services and libraries that sign people in, each with what it verifies. */
export const serviceHandlers: Readonly<Record<string, Handler>> = {
  ...clerk,
  ...library(['@workos-inc/authkit-nextjs'], { withAuth: workos, getUser: workos, authkit: workos }),
  ...kinde,
  ...auth0,
  ...stack,
  ...propel,
  ...descope,
  ...logto,
  ...lucia,
};
