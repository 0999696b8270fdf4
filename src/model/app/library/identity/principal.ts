import { callValue, handlerValue } from '../../calls.ts';
import { without } from '../../facts.ts';
import { valueKey } from '../../keys.ts';
import type { Call, Handler } from '../../machine.ts';
import { choose } from '../../operations.ts';
import type { Fact } from '../../types.ts';
import { nullValue, present, undefinedValue, type Value } from '../../value.ts';

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
  return sessionOr(call, session, nullValue);
}

function sessionOr(call: Call, session: Value, absent: Value): Value {
  return choose([
    { value: session, facts: [signedIn(call)] },
    { value: absent, facts: [] },
  ]);
}

/** An attribute that is there only when somebody is signed in. */
export function whenSignedIn(call: Call, value: Value): Value {
  return sessionOr(call, value, undefinedValue);
}

/** What the server wrote for the principal: these fields, and others of the same provenance under `attribute`. */
export function written(fields: Readonly<Record<string, Value>>, attribute: string): Value {
  return {
    kind: 'object',
    fields: new Map(Object.entries(fields)),
    spread: [{ kind: 'term', term: { kind: 'principal', attribute }, maybeUndefined: false }],
  };
}

/** The user's id under every usual name. */
export function userIdFields(): Readonly<Record<string, Value>> {
  return Object.fromEntries(['userId', 'user_id', 'uid', 'sub', '_id'].map(name => [name, principal('user.id')]));
}

/** The user of a session; fields beyond the known ones belong to the principal too. */
export function userValue(more: Readonly<Record<string, Value>> = {}): Value {
  return written(
    {
      ...userIdFields(),
      id: principal('user.id'),
      email: principal('user.email'),
      name: principal('user.name'),
      role: principal('user.role', true),
      ...more,
    },
    'user',
  );
}

/** Names under which servers write the tenant into a session or token. */
const tenantNames: readonly string[] = [
  'orgId',
  'org_id',
  'organizationId',
  'organisationId',
  'teamId',
  'tenantId',
  'workspaceId',
  'companyId',
  'accountId',
];

/** The tenant under every usual name. */
export function tenantFields(): Readonly<Record<string, Value>> {
  return Object.fromEntries(tenantNames.map(name => [name, principal('tenant.id', true)]));
}

/** True for a field that says which tenant or what role somebody has. */
export function isAuthority(name: string): boolean {
  return tenantNames.includes(name) || /^(role|roles|permissions|isAdmin|admin)$/.test(name);
}

/** The content of a token or cookie whose seal was checked: what the server once wrote into it. */
export function claimsValue(): Value {
  return written(
    {
      ...userIdFields(),
      id: principal('user.id'),
      ...tenantFields(),
      user: userValue(tenantFields()),
      email: principal('user.email', true),
      role: principal('user.role', true),
    },
    'token',
  );
}

type Shape = (call: Call) => Value;

/** An async question for the session: what it says, or `null`. */
export function asks(shape: Shape, absent: Value = nullValue): Handler {
  return call => ({ kind: 'promise', value: sessionOr(call, shape(call), absent), facts: [] });
}

/** An async call that throws or redirects unless somebody is signed in. */
export function requires(shape: Shape): Handler {
  return call => ({ kind: 'promise', value: shape(call), facts: [signedIn(call)] });
}

/** A function around a handler that lets only signed-in callers through. */
export function wraps(given: (call: Call) => readonly Value[] = call => call.arguments): Handler {
  return call => {
    const handler = call.arguments.find(value => value.kind === 'function');
    if (handler === undefined) return undefinedValue;
    const { machine, frame, at } = call;
    const place = machine.place(frame, at);
    return handlerValue('guarded handler', `guarded ${place.file}:${place.line} ${valueKey(handler)}`, inner => {
      inner.frame.learn([{ ...signedIn(inner), place }]);
      return callValue(inner.machine, inner.frame, handler, given(inner), { at: inner.at, end: inner.end });
    });
  };
}

/** Runs work in which somebody is signed in; afterwards the frame is as before. Gives what it returned and what it found. */
export function asSignedIn(call: Call, work: () => Value): { readonly value: Value; readonly facts: readonly Fact[] } {
  const { frame } = call;
  const before = frame.save();
  frame.learn([signedIn(call)]);
  const value = work();
  const facts = without(frame.facts, before.facts);
  frame.restore(before);
  return { value, facts };
}

/** The caller holds one of these roles in the active tenant. */
export function roleInTenant(call: Call, roles: readonly string[]): Fact {
  return {
    holds: { kind: 'role', roles, tenant: { kind: 'principal', attribute: 'tenant.id' } },
    place: call.machine.place(call.frame, call.at),
    label: 'a permission in the active organisation was checked',
  };
}

/** A question for a role or permission in the active tenant. */
export function asksRole(isAsync: boolean): Handler {
  return call => {
    const test: Value = { kind: 'test', whenTrue: [signedIn(call), roleInTenant(call, ['permission'])], whenFalse: [] };
    return isAsync ? { kind: 'promise', value: test, facts: [] } : test;
  };
}

/** Something of a library that says nothing of who asks. */
export function untold(library: string, path: string): Value {
  return { kind: 'external', library, path, arguments: [] };
}

/** The handlers of a package, under its name and the names that imports give its exports: `jwt.verify`, `verify`. */
export function library(
  names: readonly string[],
  handlers: Readonly<Record<string, Handler>>,
): Readonly<Record<string, Handler>> {
  const known: Record<string, Handler> = {};
  for (const name of names) {
    for (const [path, handler] of Object.entries(handlers)) {
      known[`${name}#${path}`] = handler;
      known[`${name}#${name.split('/').at(-1) ?? name}.${path}`] = handler;
    }
  }
  return known;
}
