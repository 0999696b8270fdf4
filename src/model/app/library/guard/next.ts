import { callMethod, handlerValue } from '../../calls.ts';
import { awaitValue, memberOf } from '../../expressions.ts';
import { without } from '../../facts.ts';
import { valueKey } from '../../keys.ts';
import type { Call, Handler } from '../../machine.ts';
import { alternativesOf, assume, bottom, choose, isBottom, termOf } from '../../operations.ts';
import { branches, leave } from '../../statements.ts';
import { constant, fieldOf, objectOf, undefinedValue, type Value } from '../../value.ts';
import { clientValue } from '../platform.ts';
import { applySchema } from '../zod.ts';
import { narrowed } from './fields.ts';
import { scopeValue, withScope } from './scope.ts';
import { ask } from './session.ts';

/** One way into a Next.js app: what a call of it shows, and what its answer becomes. */
interface Way {
  readonly params: (call: Call) => Value;
  readonly input: (call: Call) => Value;
  /** What the work is given besides. */
  readonly given: (call: Call) => Readonly<Record<string, Value>>;
  /** Further arguments of the work. */
  readonly more?: (call: Call) => readonly Value[];
  readonly answer: (call: Call, value: Value) => Value;
}

/** A guarded call as it is declared. */
interface Declared {
  readonly guard: Value;
  readonly options: Value;
  readonly way: Way;
}

function member(call: Call, value: Value, name: string): Value {
  return memberOf(call.machine, call.frame, value, name, call.at, true);
}

function awaited(call: Call, value: Value): Value {
  return call.frame.dead ? bottom : awaitValue(call.machine, call.frame, value, call.at);
}

/** The value where it is there; without it the guard refuses, and nothing goes on. */
function required(call: Call, value: Value, label: string): Value {
  const assumed = isBottom(value) ? undefined : assume(value, true, call.machine.place(call.frame, call.at), label);
  if (assumed === undefined) {
    call.frame.dead = true;
    return bottom;
  }
  call.frame.learn(assumed.facts);
  return assumed.value;
}

/** Who is let in, as the work is told; absent where nobody is. */
type Caller = Readonly<Record<string, Value>>;

/** Asks who is calling, for which tenant and in which role, as the guard does before anything else runs. */
function identify(call: Call, { guard, options, way }: Declared): Caller {
  const kind = fieldOf(options, 'scope');
  const scope = kind?.kind === 'constant' ? kind.value : undefined;
  if (scope === 'none') return {};
  const view = objectOf({ headers: clientValue('header') });
  const session = required(call, ask(call, fieldOf(guard, 'session'), [view]), 'somebody is signed in');
  if (isBottom(session)) return {};
  const user = required(call, member(call, session, 'user'), 'somebody is signed in');
  return scope === 'user' || isBottom(user) ? { user } : identifyMember(call, { guard, options, way }, session, user);
}

function identifyMember(call: Call, { guard, options, way }: Declared, session: Value, user: Value): Caller {
  const view = objectOf({
    headers: clientValue('header'),
    params: way.params(call),
    arguments: { kind: 'array', items: call.arguments },
  });
  const source = fieldOf(options, 'tenant') ?? fieldOf(guard, 'tenant');
  const named = required(call, ask(call, source, [view, session]), 'the call names a tenant');
  if (isBottom(named)) return {};
  const { machine, frame, at } = call;
  const who = objectOf({ user, tenant: named });
  const lookUp = (): Value => ask(call, fieldOf(guard, 'membership'), [who]);
  const found = required(
    call,
    withScope(machine, scopeValue('user', { user }), lookUp, frame, at),
    'the guard looked the membership up',
  );
  if (isBottom(found)) return {};
  const own = fieldOf(found, 'tenant');
  const tenant = own === undefined || own.kind === 'constant' ? named : own;
  learnRoles(call, options, tenant);
  return { user, tenant, role: member(call, found, 'role') };
}

function learnRoles(call: Call, options: Value, tenant: Value): void {
  const listed = fieldOf(options, 'roles');
  if (listed?.kind !== 'array') return;
  const roles = listed.items.flatMap(item => (item.kind === 'constant' ? [String(item.value)] : []));
  const place = call.machine.place(call.frame, call.at);
  call.frame.learn([
    { holds: { kind: 'role', roles, tenant: termOf(tenant) }, place, label: 'the guard asked for a role' },
  ]);
}

function scopeOf({ user, tenant }: Caller): Value | undefined {
  if (user === undefined) return undefined;
  return tenant === undefined ? scopeValue('user', { user }) : scopeValue('tenant', { user, tenant });
}

/** Runs work in the scope of who was let in. */
function inScope(call: Call, caller: Caller, work: () => Value): Value {
  const scope = scopeOf(caller);
  return scope === undefined ? awaited(call, work()) : withScope(call.machine, scope, work, call.frame, call.at);
}

function enforce(call: Call, declared: Declared, work: Value): Value {
  const { options, way } = declared;
  const caller = identify(call, declared);
  if (call.frame.dead) return bottom;
  const params = checked(call, fieldOf(options, 'params'), () => way.params(call)) ?? way.params(call);
  const input = checked(call, fieldOf(options, 'input'), () => way.input(call)) ?? undefinedValue;
  if (call.frame.dead) return bottom;
  const given = objectOf({ ...caller, input, params, ...way.given(call) });
  const result = inScope(call, caller, () => ask(call, work, [given, ...(way.more?.(call) ?? [])]));
  if (call.frame.dead || isBottom(result)) return bottom;
  return way.answer(call, narrowed(call, result, fieldOf(options, 'output')));
}

/** What a declared schema makes of what was sent. */
function checked(call: Call, schema: Value | undefined, read: () => Value): Value | undefined {
  if (schema === undefined || schema.kind === 'constant') return undefined;
  const value = applySchema(call, schema, read());
  if (isBottom(value)) call.frame.dead = true;
  return value;
}

/** Asks the same and refuses nothing: the app's own code runs as it is, for whom the guard would have let in in their scope. */
function watch(call: Call, declared: Declared, own: Value): Value {
  const run = (): Value => ask(call, own, call.arguments);
  return branches(call.machine, call.frame, [
    () => {
      const caller = identify(call, declared);
      return call.frame.dead ? bottom : inScope(call, caller, run);
    },
    run,
  ]);
}

type Run = (call: Call, declared: Declared, work: Value) => Value;

function guardOf(name: string, guard: Value, way: Way, run: Run): Value {
  return handlerValue(name, `${name} ${valueKey(guard)}`, outer => {
    const [options = objectOf({}), work = undefinedValue] = outer.arguments;
    const place = outer.machine.place(outer.frame, outer.at);
    const key = `${name} ${place.file}:${place.line} ${valueKey(guard)} ${valueKey(options)} ${valueKey(work)}`;
    return handlerValue('guarded handler', key, call => {
      const before = call.frame.save();
      const value = run(call, { guard, options, way }, work);
      const facts = without(call.frame.facts, before.facts);
      const isOver = call.frame.dead || isBottom(value);
      leave(call.frame, before);
      return { kind: 'promise', value: isOver ? bottom : value, facts };
    });
  });
}

const route: Way = {
  params: call => awaited(call, member(call, call.arguments[1] ?? objectOf({}), 'params')),
  input: call => {
    const [request = undefinedValue] = call.arguments;
    const method = member(call, request, 'method');
    const reads = method.kind === 'constant' && (method.value === 'GET' || method.value === 'HEAD');
    if (reads) return member(call, member(call, request, 'nextUrl'), 'searchParams');
    return awaited(call, callMethod(call.machine, call.frame, request, 'json', [], { at: call.at, end: call.end }));
  },
  given: ({ arguments: [request = undefinedValue] }) => ({ request }),
  answer: (call, value) =>
    choose(alternativesOf(value).map(({ value: one, facts }) => ({ value: responseOf(call, one), facts }))),
};

/** The headers of what is one person's. */
const personal = objectOf({ 'cache-control': constant('private, no-store') });

/** What a handler gives is sent as JSON; its own 403 becomes the answer for what is not there. */
function responseOf(call: Call, value: Value): Value {
  if (value.kind === 'response')
    return { ...value, headers: personal, status: value.status === 403 ? 404 : value.status };
  const place = call.machine.place(call.frame, call.at, call.end);
  return { kind: 'response', status: 200, headers: personal, body: value, place };
}

const action: Way = {
  params: () => objectOf({}),
  input: call => call.arguments.at(-1) ?? undefinedValue,
  given: () => ({}),
  answer: (_call, data) =>
    choose([
      { value: objectOf({ ok: constant(true), data }), facts: [] },
      { value: objectOf({ ok: constant(false), error: constant('refused') }), facts: [] },
    ]),
};

const page: Way = {
  params: call => awaited(call, member(call, call.arguments[0] ?? objectOf({}), 'params')),
  input: call => awaited(call, member(call, call.arguments[0] ?? objectOf({}), 'searchParams')),
  given: () => ({}),
  more: call => call.arguments,
  answer: (_call, value) => value,
};

const api: Way = {
  params: call => member(call, call.arguments[0] ?? undefinedValue, 'query'),
  input: call => {
    const [request = undefinedValue] = call.arguments;
    return choose(['query', 'body'].map(name => ({ value: member(call, request, name), facts: [] })));
  },
  given: ({ arguments: [req = undefinedValue, res = undefinedValue] }) => ({ req, res }),
  answer: (call, value) => {
    const [, res = undefinedValue] = call.arguments;
    if (value.kind === 'constant' && value.value === undefined) return undefinedValue;
    return callMethod(call.machine, call.frame, res, 'json', [value], { at: call.at, end: call.end });
  },
};

const guardNext: Handler = ({ arguments: [guard = objectOf({})] }) =>
  objectOf({
    guardRoute: guardOf('guardRoute', guard, route, enforce),
    guardAction: guardOf('guardAction', guard, action, enforce),
    guardPage: guardOf('guardPage', guard, page, enforce),
    guardMetadata: guardOf('guardMetadata', guard, page, enforce),
    guardApi: guardOf('guardApi', guard, api, enforce),
    observeRoute: guardOf('observeRoute', guard, route, watch),
    observeAction: guardOf('observeAction', guard, action, watch),
    observePage: guardOf('observePage', guard, page, watch),
    observeApi: guardOf('observeApi', guard, api, watch),
  });

/** A source of tenants: which part of a call names one. */
function tenantFrom(name: string, read: (call: Call, given: Value, session: Value) => Value): Handler {
  return ({ arguments: [given = undefinedValue] }) =>
    handlerValue(name, `${name} ${valueKey(given)}`, call => read(call, given, call.arguments[1] ?? undefinedValue));
}

function textOf(value: Value): string {
  return value.kind === 'constant' ? String(value.value) : '*';
}

function partOf(call: Call, part: string): Value {
  return member(call, call.arguments[0] ?? undefinedValue, part);
}

/** Next.js' ways in, each behind the guard. */
export const guardNextHandlers: Readonly<Record<string, Handler>> = {
  '@drydock/guard/next#guardNext': guardNext,
  '@drydock/guard/next#tenantFromSession': tenantFrom('tenantFromSession', (call, _given, session) =>
    member(call, session, 'tenant'),
  ),
  '@drydock/guard/next#tenantFromParam': tenantFrom('tenantFromParam', (call, name) =>
    member(call, partOf(call, 'params'), textOf(name)),
  ),
  '@drydock/guard/next#tenantFromHeader': tenantFrom('tenantFromHeader', (call, name) =>
    callMethod(call.machine, call.frame, partOf(call, 'headers'), 'get', [name], { at: call.at, end: call.end }),
  ),
  '@drydock/guard/next#tenantFromSubdomain': tenantFrom('tenantFromSubdomain', call =>
    callMethod(call.machine, call.frame, partOf(call, 'headers'), 'get', [constant('host')], {
      at: call.at,
      end: call.end,
    }),
  ),
  '@drydock/guard/next#tenantFromArgument': tenantFrom('tenantFromArgument', (call, name) => {
    const sent = partOf(call, 'arguments');
    return member(call, sent.kind === 'array' ? (sent.items.at(-1) ?? undefinedValue) : sent, textOf(name));
  }),
};
