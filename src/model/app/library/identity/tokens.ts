import { callValue, handlerValue } from '../../calls.ts';
import type { Call, Handler } from '../../machine.ts';
import { alternativesOf, choose } from '../../operations.ts';
import { branches, caughtError } from '../../statements.ts';
import { constant, nullValue, objectOf, present, undefinedValue, type Value } from '../../value.ts';
import { asks, claimsValue, library, principal, requires, signedIn, userValue, written } from './principal.ts';

/** Read without a look at the signature: whatever the caller wrote. */
const decoded: Value = present({ kind: 'client', path: 'token' });
const decodeOnly: Handler = () => decoded;

/** `verify` of jsonwebtoken with no secret, or with the algorithm `none`, accepts what anybody wrote. */
function acceptsAnything(call: Call): boolean {
  const [, secret, options] = call.arguments;
  const empty =
    secret !== undefined && alternativesOf(secret).every(({ value }) => value.kind === 'constant' && !value.value);
  const algorithms = options?.kind === 'object' ? options.fields.get('algorithms') : undefined;
  const allowsNone =
    algorithms?.kind === 'array' &&
    algorithms.items.some(item => item.kind === 'constant' && String(item.value).toLowerCase() === 'none');
  return empty || allowsNone;
}

/** `verify(token, secret, (error, claims) => …)` is told one of both. */
function verifyThen(call: Call, callback: Value): Value {
  const { machine, frame, at, end } = call;
  const claims = acceptsAnything({ ...call, arguments: call.arguments.slice(0, -1) }) ? decoded : claimsValue();
  return branches(machine, frame, [
    () => {
      if (claims !== decoded) frame.learn([signedIn(call)]);
      return callValue(machine, frame, callback, [nullValue, claims], { at, end });
    },
    () => callValue(machine, frame, callback, [caughtError, undefinedValue], { at, end }),
  ]);
}

/** `verify(token, secret)` of jsonwebtoken throws unless the signature is right. */
const verifyNow: Handler = call => {
  const callback = call.arguments.at(-1);
  if (callback?.kind === 'function' && call.arguments.length > 2) return verifyThen(call, callback);
  if (acceptsAnything(call)) return decoded;
  call.frame.learn([signedIn(call)]);
  return claimsValue();
};

const verified = requires(() => objectOf({ payload: claimsValue(), protectedHeader: constant('header') }));

/** An encrypted cookie: what the server wrote into it, if it did. */
export function sealedSession(call: Call): Value {
  const some = (value: Value): Value =>
    choose([
      { value, facts: [signedIn(call)] },
      { value: undefinedValue, facts: [] },
    ]);
  const claims = claimsValue();
  const fields = new Map<string, Value>(
    claims.kind === 'object' ? [...claims.fields].map(([name, value]) => [name, some(value)]) : [],
  );
  fields.set('isLoggedIn', some(constant(true)));
  return {
    kind: 'object',
    fields,
    spread: [{ kind: 'term', term: { kind: 'principal', attribute: 'session' }, maybeUndefined: true }],
  };
}

const ironSession: Handler = call => ({ kind: 'promise', value: sealedSession(call), facts: [] });

/** Firebase's decoded token: its own claims are set by the server (`setCustomUserClaims`). */
function firebaseUser(): Value {
  return written(
    { uid: principal('user.id'), sub: principal('user.id'), email: principal('user.email', true) },
    'claims',
  );
}

const firebase = { verifyIdToken: requires(firebaseUser), verifySessionCookie: requires(firebaseUser) };
const firebaseAuth = Object.fromEntries(
  Object.entries(firebase).flatMap(([name, handler]) => [
    [`auth.${name}`, handler],
    [`getAuth.${name}`, handler],
  ]),
);

/** The ticket that Google's own library gives for an id token whose signature it checked. */
function googleTicket(): Value {
  const claims = written({ sub: principal('user.id'), email: principal('user.email', true) }, 'claims');
  return objectOf({
    getPayload: handlerValue('getPayload', 'getPayload of a ticket', () => claims),
    getUserId: handlerValue('getUserId', 'getUserId of a ticket', () => principal('user.id')),
    payload: claims,
  });
}

/** Tokens and sealed cookies: what checks the seal, and what only reads. */
export const tokenHandlers: Readonly<Record<string, Handler>> = {
  ...library(['jose'], {
    jwtVerify: verified,
    jwtDecrypt: verified,
    compactVerify: verified,
    decodeJwt: decodeOnly,
    'UnsecuredJWT.decode': () => objectOf({ payload: decoded }),
  }),
  ...library(['jsonwebtoken'], { verify: verifyNow, decode: decodeOnly }),
  ...library(['jwt-decode'], { jwtDecode: decodeOnly, default: decodeOnly }),
  'jwt-decode#jwt-decode': decodeOnly,
  ...library(['@tsndr/cloudflare-worker-jwt'], { decode: decodeOnly }),
  ...library(['iron-session', 'next-iron-session'], { getIronSession: ironSession, unsealData: requires(claimsValue) }),
  ...library(['@hapi/iron', 'iron-webcrypto'], { unseal: requires(claimsValue) }),
  ...library(['next-auth/jwt', '@auth/core/jwt'], { getToken: asks(claimsValue), decode: asks(claimsValue) }),
  ...library(['better-auth/oauth2'], { verifyAccessToken: requires(claimsValue) }),
  ...library(['@better-auth/oauth-provider/resource-client'], {
    'oauthProviderResourceClient.getActions.verifyAccessToken': requires(claimsValue),
  }),
  ...library(['firebase-admin', 'firebase-admin/auth'], firebaseAuth),
  ...library(['google-auth-library'], { 'OAuth2Client.verifyIdToken': requires(googleTicket) }),
  ...library(['@privy-io/server-auth'], {
    'PrivyClient.verifyAuthToken': requires(() => written({ userId: principal('user.id') }, 'claims')),
  }),
  ...library(['@magic-sdk/admin'], { 'Magic.users.getMetadataByToken': asks(() => userValue()) }),
};
