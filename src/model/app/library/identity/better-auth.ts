import { callValue, handlerValue } from '../../calls.ts';
import { awaitValue } from '../../expressions.ts';
import { valueKey } from '../../keys.ts';
import { behaviourOf, nativeValue, type Call, type Handler } from '../../machine.ts';
import { alternativesOf, isBottom, termOf } from '../../operations.ts';
import type { Fact } from '../../types.ts';
import { nullValue, objectOf, present, undefinedValue, type Value } from '../../value.ts';
import { configHandler } from './flows.ts';
import {
  asSignedIn,
  isAuthority,
  library,
  principal,
  roleInTenant,
  sessionOrNull,
  signedIn,
  untold,
  userValue,
  written,
} from './principal.ts';

const custom = 'session made by the app';

/** Fields that the app added to users. Users write them themselves unless `input: false`, so none of them gives rights. */
function addedFields(config: Value | undefined): Readonly<Record<string, Value>> {
  const added = fieldAt(fieldAt(config, 'user'), 'additionalFields');
  if (added?.kind !== 'object') return {};
  const fields: Record<string, Value> = {};
  for (const [name, field] of added.fields) {
    const input = fieldAt(field, 'input');
    const ownChoice = !(input?.kind === 'constant' && input.value === false);
    if (ownChoice && isAuthority(name)) fields[name] = present({ kind: 'client', path: `user.${name}` });
  }
  return fields;
}

function fieldAt(value: Value | undefined, name: string): Value | undefined {
  return value?.kind === 'object' ? value.fields.get(name) : undefined;
}

function plainSession(config: Value | undefined): Value {
  return objectOf({
    user: userValue(addedFields(config)),
    session: written(
      {
        userId: principal('user.id'),
        activeOrganizationId: principal('tenant.id', true),
        activeTeamId: principal('team.id', true),
      },
      'session',
    ),
  });
}

/** The session as the app's `customSession` makes it. */
function sessionValue(call: Call, config: Value | undefined): Value {
  const plain = plainSession(config);
  const plugins = fieldAt(config, 'plugins');
  const making =
    plugins?.kind === 'array'
      ? plugins.items
          .flatMap(alternativesOf)
          .find(({ value }) => value.kind === 'native' && value.native.name === custom)?.value
      : undefined;
  if (making?.kind !== 'native') return sessionOrNull(call, plain);
  const made = behaviourOf(making);
  const { value, facts } = asSignedIn(call, () => made.invoke?.({ ...call, arguments: [plain] }) ?? plain);
  if (isBottom(value)) return sessionOrNull(call, plain);
  return {
    kind: 'choice',
    alternatives: [
      { value, facts: [signedIn(call), ...facts] },
      { value: nullValue, facts: [] },
    ],
  };
}

const customSession: Handler = call => {
  const [making] = call.arguments;
  if (making?.kind !== 'function') return undefinedValue;
  return handlerValue(custom, `${custom} ${valueKey(making)}`, inner =>
    awaitValue(
      inner.machine,
      inner.frame,
      callValue(inner.machine, inner.frame, making, inner.arguments, { at: inner.at, end: inner.end }),
      inner.at,
    ),
  );
};

function promise(value: Value, facts: readonly Fact[] = []): Value {
  return { kind: 'promise', value, facts };
}

/** What the organisation plugin answers about the tenant that is named, or the active one. */
function organization(call: Call): { readonly id: Value; readonly facts: readonly Fact[] } {
  const [input] = call.arguments;
  const named = fieldAt(fieldAt(input, 'query'), 'organizationId') ?? fieldAt(fieldAt(input, 'body'), 'organizationId');
  if (named === undefined || (named.kind === 'constant' && named.value === undefined))
    return { id: principal('tenant.id'), facts: [signedIn(call)] };
  const member: Fact = {
    holds: { kind: 'member', tenant: termOf(named) },
    place: call.machine.place(call.frame, call.at),
    label: 'the membership in the organisation was checked',
  };
  return { id: named, facts: [signedIn(call), member] };
}

/** `auth.api.hasPermission`: of the organisation that is named, or of the active one. */
function permission(call: Call): Value {
  const { facts, id } = organization(call);
  const role: Fact = roleInTenant(call, ['permission']);
  const held: Fact = { ...role, holds: { kind: 'role', roles: ['permission'], tenant: termOf(id) } };
  return promise(objectOf({ success: { kind: 'test', whenTrue: [...facts, held], whenFalse: [] }, error: nullValue }));
}

function permissionInApp(call: Call): Value {
  const fact: Fact = {
    holds: { kind: 'role', roles: ['permission'] },
    place: call.machine.place(call.frame, call.at),
    label: 'a permission in the app was checked',
  };
  const success: Value = { kind: 'test', whenTrue: [signedIn(call), fact], whenFalse: [] };
  return promise(objectOf({ success, error: nullValue }));
}

function memberValue(): Value {
  return written(
    {
      organizationId: principal('tenant.id'),
      userId: principal('user.id'),
      role: principal('tenant.role'),
      id: principal('member.id'),
    },
    'member',
  );
}

function ask(name: string, call: Call, config: Value | undefined): Value {
  switch (name) {
    case 'getSession':
      return promise(sessionValue(call, config));
    case 'getActiveMember':
      return promise(sessionOrNull(call, memberValue()));
    case 'getActiveMemberRole':
      return promise(sessionOrNull(call, objectOf({ role: principal('tenant.role') })));
    case 'listOrganizations': {
      const mine = written({ id: principal('tenant.id') }, 'tenant');
      return promise({ kind: 'list', element: mine, rows: undefined, facts: [signedIn(call)] }, [signedIn(call)]);
    }
    case 'getFullOrganization': {
      const { id, facts } = organization(call);
      const found = objectOf({ id, members: { kind: 'list', element: userOfTenant(), rows: undefined, facts: [] } });
      return promise({
        kind: 'choice',
        alternatives: [
          { value: found, facts },
          { value: nullValue, facts: [] },
        ],
      });
    }
    case 'hasPermission':
      return permission(call);
    case 'userHasPermission':
      return permissionInApp(call);
    default:
      call.machine.emit(call.frame, {
        kind: 'call',
        library: 'better-auth',
        callee: `auth.api.${name}`,
        arguments: call.arguments,
        place: call.machine.place(call.frame, call.at, call.end),
      });
      return promise({
        kind: 'external',
        library: 'better-auth',
        path: `auth.api.${name}()`,
        arguments: call.arguments,
      });
  }
}

function userOfTenant(): Value {
  return written({ organizationId: principal('tenant.id'), role: principal('colleague.role') }, 'colleague');
}

const betterAuth: Handler = call => {
  const place = call.machine.place(call.frame, call.at);
  const [config] = call.arguments;
  const api = nativeValue({
    name: 'auth api',
    key: `auth api ${place.file}:${place.line}`,
    method: (name, inner) => ask(name, inner, config),
    member: name => untold('better-auth', `auth.api.${name}`),
  });
  return nativeValue({
    name: 'auth',
    key: `auth ${place.file}:${place.line}`,
    ...(config === undefined ? {} : { inside: [config] }),
    member: name => {
      if (name === 'api') return api;
      return name === 'handler' ? configHandler(config, 'better-auth') : untold('better-auth', `auth.${name}`);
    },
  });
};

/** `toNextJsHandler(auth)`: the routes of the library, which run the app's hooks. */
const nextHandler: Handler = call => {
  const [auth] = call.arguments;
  const config = auth?.kind === 'native' ? auth.native.inside?.[0] : undefined;
  const handler = configHandler(config, 'better-auth');
  return objectOf({ GET: handler, POST: handler });
};

/** `toNodeHandler(auth)`, `toNodeHandler(auth.handler)`: the same for servers of Node. */
const nodeHandler: Handler = call => {
  const [auth] = call.arguments;
  if (auth?.kind !== 'native' || auth.native.name !== 'auth') return auth ?? undefinedValue;
  return configHandler(auth.native.inside?.[0], 'better-auth');
};

/** A plugin with the functions that the app gave it: the library's routes run them, with whom it has verified. */
const plugin: Handler = call => {
  const [options] = call.arguments;
  return options?.kind === 'object' ? options : objectOf({});
};

/** `createAuthMiddleware(async ctx => …)`, `createAuthEndpoint(path, options, async ctx => …)`: the function. */
const hook: Handler = call => call.arguments.findLast(argument => argument.kind === 'function') ?? undefinedValue;

const plugins = [
  'better-auth/plugins',
  'better-auth/plugins/admin',
  'better-auth/plugins/anonymous',
  'better-auth/plugins/email-otp',
  'better-auth/plugins/generic-oauth',
  'better-auth/plugins/magic-link',
  'better-auth/plugins/organization',
  'better-auth/plugins/phone-number',
  'better-auth/plugins/two-factor',
  'better-auth/plugins/username',
  '@better-auth/passkey',
  '@better-auth/sso',
  '@better-auth/stripe',
  '@polar-sh/better-auth',
];

const packages = ['better-auth', 'better-auth/minimal'];

/** https://www.better-auth.com: sessions, the organisation and admin plugins. */
export const betterAuthHandlers: Readonly<Record<string, Handler>> = {
  ...library(packages, { betterAuth }),
  ...library(plugins, { '*': plugin }),
  ...library(['better-auth/api', 'better-auth/plugins'], { createAuthMiddleware: hook, createAuthEndpoint: hook }),
  ...library(['better-auth/plugins', 'better-auth/plugins/custom-session'], { customSession }),
  ...library(['better-auth/next-js'], { toNextJsHandler: nextHandler }),
  ...library(['better-auth/node'], { toNodeHandler: nodeHandler }),
};
