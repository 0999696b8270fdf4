import { callMethod, callValue, handlerValue } from '../../calls.ts';
import { awaitValue, memberOf } from '../../expressions.ts';
import { valueKey } from '../../keys.ts';
import type { Call, Handler } from '../../machine.ts';
import { alternativesOf, choose } from '../../operations.ts';
import { fieldOf, objectOf, undefinedValue, type Alternative, type Value } from '../../value.ts';

/** Says who is signed in: what the library knows of the request, and where the ids are in it. */
interface Source {
  readonly look: (call: Call) => Value;
  readonly user: (call: Call, found: Value) => Value;
  readonly tenant: (call: Call, found: Value) => Value;
}

function at(call: Call, value: Value, ...names: readonly string[]): Value {
  return names.reduce((inner, name) => memberOf(call.machine, call.frame, inner, name, call.at, true), value);
}

/** Calls a function of the app with what the guard gives it, and waits. */
export function ask(call: Call, called: Value | undefined, given: readonly Value[]): Value {
  const { machine, frame, at: from, end } = call;
  const result = callValue(machine, frame, called ?? undefinedValue, given, { at: from, end });
  return frame.dead ? result : awaitValue(machine, frame, result, from);
}

function sourceOf(name: string, read: (call: Call) => Source): Handler {
  return call => {
    const source = read(call);
    const key = `${name} ${call.arguments.map(value => valueKey(value)).join(' ')}`;
    return handlerValue('session source', key, inner => ({
      kind: 'promise',
      value: sessionOf(inner, source),
      facts: [],
    }));
  };
}

function sessionOf(call: Call, source: Source): Value {
  const found = source.look(call);
  return choose(
    alternativesOf(found).map(({ value, facts }): Alternative => {
      const isNobody = value.kind === 'constant' && (value.value ?? null) === null;
      const session = (): Value => objectOf({ user: source.user(call, value), tenant: source.tenant(call, value) });
      return { value: isNobody ? undefinedValue : session(), facts };
    }),
  );
}

const fromBetterAuth = sourceOf('better-auth', ({ arguments: [auth = undefinedValue] }) => ({
  look: call => {
    const { machine, frame, at: from, end } = call;
    const headers = at(call, call.arguments[0] ?? undefinedValue, 'headers');
    const found = callMethod(machine, frame, at(call, auth, 'api'), 'getSession', [objectOf({ headers })], {
      at: from,
      end,
    });
    return awaitValue(machine, frame, found, from);
  },
  user: (call, found) => at(call, found, 'user', 'id'),
  tenant: (call, found) => at(call, found, 'session', 'activeOrganizationId'),
}));

const fromAuthJs = sourceOf('Auth.js', ({ arguments: [auth, options = objectOf({})] }) => {
  const given = fieldOf(options, 'authOptions');
  const user = fieldOf(options, 'user');
  const tenant = fieldOf(options, 'tenant');
  return {
    look: call => ask(call, auth, given === undefined ? [] : [given]),
    user: (call, found) => (user === undefined ? at(call, found, 'user', 'id') : ask(call, user, [found])),
    tenant: (call, found) => (tenant === undefined ? undefinedValue : ask(call, tenant, [found])),
  };
});

const fromClerk = sourceOf('Clerk', ({ arguments: [auth] }) => ({
  look: call => ask(call, auth, []),
  user: (call, found) => at(call, found, 'userId'),
  tenant: (call, found) => at(call, found, 'orgId'),
}));

const fromSupabase = sourceOf('Supabase', ({ arguments: [createClient, options = objectOf({})] }) => {
  const tenant = fieldOf(options, 'tenant');
  return {
    look: call => {
      const { machine, frame, at: from, end } = call;
      const auth = at(call, ask(call, createClient, call.arguments), 'auth');
      const found = callMethod(machine, frame, auth, 'getUser', [], { at: from, end });
      return at(call, awaitValue(machine, frame, found, from), 'data', 'user');
    },
    user: (call, found) => at(call, found, 'id'),
    tenant: (call, found) =>
      tenant === undefined ? undefinedValue : ask(call, tenant, [at(call, found, 'app_metadata')]),
  };
});

const fromIronSession = sourceOf('iron-session', ({ arguments: [getSession, pick] }) => ({
  look: call => ask(call, pick, [ask(call, getSession, call.arguments)]),
  user: (call, found) => at(call, found, 'user'),
  tenant: (call, found) => at(call, found, 'tenant'),
}));

const fromCustom = sourceOf('custom', ({ arguments: [find] }) => ({
  look: call => ask(call, find, call.arguments),
  user: (call, found) => at(call, found, 'user'),
  tenant: (call, found) => at(call, found, 'tenant'),
}));

/** Sources of sessions, by the library that knows who is signed in. */
export const guardSessionHandlers: Readonly<Record<string, Handler>> = Object.fromEntries(
  Object.entries({ fromBetterAuth, fromAuthJs, fromClerk, fromSupabase, fromIronSession, fromCustom }).map(
    ([name, handler]) => [`@drydock/guard/session#${name}`, handler],
  ),
);
