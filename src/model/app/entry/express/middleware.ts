import { callValue, handlerValue } from '../../calls.ts';
import { library, signedIn, userValue } from '../../library/identity/principal.ts';
import { claimsValue, principal, whenSignedIn, written } from '../../library/identity/principal.ts';
import { valueKey } from '../../keys.ts';
import { nativeValue, type Call, type Handler } from '../../machine.ts';
import { branches } from '../../statements.ts';
import { constant, nullValue, objectOf, undefinedValue, type Value } from '../../value.ts';
import { nodeRequestOf, passportUser, withWritten } from '../server/request.ts';

type Writes = (call: Call) => Readonly<Record<string, Value>>;

/** A stage that lets only signed-in callers on and writes who they are onto the request; an optional one lets everybody on. */
function signs(name: string, writes: Writes, isOptional = false): Value {
  return handlerValue(name, `${name}${isOptional ? ' optional' : ''}`, call => {
    const { frame } = call;
    const fields = Object.entries(writes(call));
    if (!isOptional) frame.learn([signedIn(call)]);
    const kept = fields.map(([field, value]): [string, Value] => [
      field,
      isOptional ? whenSignedIn(call, value) : value,
    ]);
    return handOn(call, new Map(kept));
  });
}

/** Calls `next` with the request as the stage leaves it. */
function handOn(call: Call, fields: ReadonlyMap<string, Value>): Value {
  const [request = undefinedValue, , next] = call.arguments;
  const { machine, frame, at, end } = call;
  return next === undefined
    ? undefinedValue
    : callValue(machine, frame, next, [withWritten(request, fields)], { at, end });
}

function optionOf(options: Value | undefined, name: string): Value | undefined {
  return options?.kind === 'object' ? options.fields.get(name) : undefined;
}

function isFalse(value: Value | undefined): boolean {
  return value?.kind === 'constant' && value.value === false;
}

// Passport -------------------------------------------------------------------------------------------------------------

/** `authenticate(strategy, options, callback)`: with a callback, that decides itself. */
const authenticate: Handler = outer => {
  const [strategy, ...more] = outer.arguments;
  const names = strategy?.kind === 'array' ? strategy.items : [strategy];
  const isOptional = names.some(name => name?.kind === 'constant' && name.value === 'anonymous');
  const callback = more.findLast(value => value.kind === 'function');
  if (callback === undefined) return signs('passport', () => ({ user: passportUser() }), isOptional);
  return handlerValue('passport', `passport ${valueKey(callback)}`, call => {
    const { machine, frame, at, end } = call;
    return branches(machine, frame, [
      () => {
        frame.learn([signedIn(call)]);
        return callValue(machine, frame, callback, [nullValue, passportUser(), undefinedValue], { at, end });
      },
      () => callValue(machine, frame, callback, [nullValue, constant(false), undefinedValue], { at, end }),
    ]);
  });
};

// Tokens ---------------------------------------------------------------------------------------------------------------

/** `expressjwt({ secret, credentialsRequired })`, `.unless({ path })` (https://github.com/auth0/express-jwt). */
const expressJwt: Handler = outer => {
  const isOptional = isFalse(optionOf(outer.arguments[0], 'credentialsRequired'));
  const stage = signs('express-jwt', () => ({ auth: claimsValue(), user: claimsValue() }), isOptional);
  return nativeValue({
    name: 'express-jwt',
    key: `express-jwt ${isOptional ? 'optional' : ''}`,
    invoke: call => callValue(call.machine, call.frame, stage, call.arguments, { at: call.at, end: call.end }),
    method: (name, call) => (name === 'unless' ? unless(stage, call.arguments[0]) : undefined),
  });
};

/** Runs the stage for other addresses than those listed; what is no text may be any address. */
function unless(stage: Value, options: Value | undefined): Value {
  const listed = optionOf(options, 'path');
  const paths = listed?.kind === 'array' ? listed.items : listed === undefined ? [] : [listed];
  const texts = paths.map(path => {
    const named = path.kind === 'object' ? path.fields.get('url') : path;
    return named?.kind === 'constant' ? String(named.value) : undefined;
  });
  return handlerValue('express-jwt', `express-jwt unless ${texts.join(' ')}`, call => {
    const route = nodeRequestOf(call.arguments[0])?.known.route;
    const isListed = options?.kind !== 'object' || texts.some(text => text === undefined || text === route);
    if (isListed) return handOn(call, new Map());
    return callValue(call.machine, call.frame, stage, call.arguments, { at: call.at, end: call.end });
  });
}

const bearer: Handler = outer =>
  signs(
    'express-oauth2-jwt-bearer',
    () => ({ auth: objectOf({ payload: claimsValue() }) }),
    isFalse(optionOf(outer.arguments[0], 'authRequired')),
  );

/** `auth({ authRequired })` of express-openid-connect; `requiresAuth()` behind one that is not required. */
const openId: Handler = outer =>
  signs(
    'express-openid-connect',
    () => ({ oidc: objectOf({ user: oidcUser(), isAuthenticated: constant(true), idTokenClaims: oidcUser() }) }),
    isFalse(optionOf(outer.arguments[0], 'authRequired')),
  );
const requiresOpenId: Handler = () =>
  signs('express-openid-connect', () => ({ oidc: objectOf({ user: oidcUser(), idTokenClaims: oidcUser() }) }));

function oidcUser(): Value {
  return userValue({ sub: principal('user.id'), org_id: principal('tenant.id', true) });
}

// Clerk ----------------------------------------------------------------------------------------------------------------

const clerkAuth = (): Value =>
  written(
    {
      userId: principal('user.id'),
      orgId: principal('tenant.id', true),
      orgRole: principal('tenant.role', true),
      orgSlug: principal('tenant.slug', true),
      sessionId: principal('session.id'),
    },
    'claims',
  );

const clerkRequired: Handler = () => signs('clerk', () => ({ auth: clerkAuth() }));
const clerkOptional: Handler = () => signs('clerk', () => ({ auth: clerkAuth() }), true);

/** `getAuth(req)`: `userId` is null when nobody is signed in. */
const clerkGetAuth: Handler = call => {
  const fields = clerkAuth();
  if (fields.kind !== 'object') return fields;
  return objectOf(Object.fromEntries([...fields.fields].map(([name, value]) => [name, whenSignedIn(call, value)])));
};

/** What the caller sent, as a validator picked it. */
const matched: Handler = () => ({
  kind: 'term',
  term: { kind: 'client', path: 'body' },
  maybeUndefined: false,
  truthy: true,
});

/** Packages whose stages say who is asking. */
export const middlewareHandlers: Readonly<Record<string, Handler>> = {
  ...library(['passport', '@fastify/passport'], { authenticate }),
  ...library(['express-jwt'], { expressjwt: expressJwt, jwt: expressJwt, 'express-jwt': expressJwt }),
  ...library(['express-oauth2-jwt-bearer'], { auth: bearer }),
  ...library(['express-openid-connect'], { auth: openId, requiresAuth: requiresOpenId }),
  ...library(['@clerk/express', '@clerk/fastify'], {
    requireAuth: clerkRequired,
    clerkMiddleware: clerkOptional,
    getAuth: clerkGetAuth,
  }),
  ...library(['@clerk/clerk-sdk-node'], {
    ClerkExpressRequireAuth: clerkRequired,
    ClerkExpressWithAuth: clerkOptional,
  }),
  ...library(['express-validator'], { matchedData: matched }),
};
