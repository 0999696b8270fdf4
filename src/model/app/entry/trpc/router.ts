import { callValue, handlerValue } from '../../calls.ts';
import { awaitValue } from '../../expressions.ts';
import { valueKey } from '../../keys.ts';
import { nativeValue, type Call, type NativeValue } from '../../machine.ts';
import { alternativesOf, isBottom } from '../../operations.ts';
import { objectOf, undefinedValue, type Value } from '../../value.ts';
import { distinctName, runFound } from '../found.ts';
import { factsShape, provenanceShape } from '../shape.ts';
import { procedureEntry, procedureOf, type ProcedureNative } from './procedure.ts';

/** A router: procedures and further routers by name. */
export interface RouterNative extends NativeValue {
  readonly routes: ReadonlyMap<string, Value>;
}

interface LazyNative extends NativeValue {
  readonly load: Value;
}

interface NamespaceNative extends NativeValue {
  readonly names?: () => readonly string[];
}

/** A router, if the value is one. */
export function routerOf(value: Value): RouterNative | undefined {
  return value.kind === 'native' && value.native.name === 'trpc router' ? (value.native as RouterNative) : undefined;
}

/** `t.router({ … })`. */
export function routerValue(definition: Value | undefined): Value {
  return routerFrom(definition === undefined ? new Map() : fieldsIn(definition));
}

/** `t.mergeRouters(a, b)`. */
export function mergedRouters(routers: readonly Value[]): Value {
  return routerFrom(
    new Map(routers.flatMap(alternativesOf).flatMap(({ value }) => [...(routerOf(value)?.routes ?? [])])),
  );
}

/** `lazy(() => import('./router'))`. */
export function lazyValue(load: Value): Value {
  const native: LazyNative = { name: 'lazy router', key: `lazy router ${valueKey(load)}`, load };
  return nativeValue(native);
}

function routerFrom(routes: ReadonlyMap<string, Value>): Value {
  const native: RouterNative = {
    name: 'trpc router',
    key: `router {${[...routes].map(([name, value]) => `${name}:${valueKey(value)}`).join(',')}}`,
    routes,
    member: name => {
      const plain: Value = { kind: 'object', fields: routes, spread: [] };
      return name === '_def' ? objectOf({ procedures: plain, record: plain }) : routes.get(name);
    },
    method: (name, call) => (name === 'createCaller' ? callerValue(nativeValue(native), call.arguments[0]) : undefined),
  };
  return nativeValue(native);
}

/** Named procedures and routers of an object, of what it spreads, and of each way that it may be. */
function fieldsIn(value: Value): Map<string, Value> {
  const found = new Map<string, Value>();
  for (const { value: inner } of alternativesOf(value)) {
    const routes = inner.kind === 'object' ? inner.fields : (routerOf(inner)?.routes ?? new Map<string, Value>());
    for (const spread of inner.kind === 'object' ? inner.spread : [])
      for (const [name, route] of fieldsIn(spread)) found.set(name, route);
    for (const [name, route] of routes) found.set(name, route);
  }
  return found;
}

const deepest = 8;

/** Every procedure below a router, by its path. */
export function proceduresOf(
  call: Call,
  value: Value,
  prefix = '',
  depth = 0,
): readonly (readonly [string, ProcedureNative])[] {
  if (depth > deepest) return [];
  return alternativesOf(value).flatMap(({ value: inner }) => {
    const procedure = procedureOf(inner);
    if (procedure !== undefined) return [[prefix, procedure] as const];
    if (inner.kind === 'native' && inner.native.name === 'lazy router')
      return proceduresOf(call, loaded(call, (inner.native as LazyNative).load), prefix, depth + 1);
    return [...fieldsIn(inner)].flatMap(([name, route]) =>
      proceduresOf(call, route, prefix === '' ? name : `${prefix}.${name}`, depth + 1),
    );
  });
}

/** What a lazy router imports: the router itself, or the only one that the module exports. */
function loaded(call: Call, load: Value): Value {
  const { machine, frame, at, end } = call;
  const before = frame.save();
  const value = awaitValue(machine, frame, callValue(machine, frame, load, [], { at, end }), at);
  frame.restore(before);
  if (value.kind !== 'native' || value.native.name !== 'namespace') return value;
  const namespace = value.native as NamespaceNative;
  for (const name of namespace.names?.() ?? []) {
    const member = namespace.member?.(name, call);
    if (member !== undefined && routerOf(member) !== undefined) return member;
  }
  return undefinedValue;
}

/** Runs every procedure of a router as an entry point of its own, with the context that the mount makes. */
export function runRouter(call: Call, router: Value, context: Value): void {
  for (const [path, procedure] of proceduresOf(call, router)) runProcedureEntry(call, path, procedure, context);
}

/** Runs one procedure as an entry point. */
export function runProcedureEntry(call: Call, path: string, procedure: ProcedureNative, context: Value): void {
  const { machine } = call;
  machine.remember('procedures that ran', () => new Set<string>()).add(procedure.key);
  // The same router behind a second address, with a context of the same origin, shows nothing new.
  const runs = machine.remember('procedures with a context', () => new Set<string>());
  const run = `${path} ${procedure.key} ${provenanceShape(context)} ${factsShape(call.frame.facts)}`;
  if (runs.has(run)) return;
  runs.add(run);
  const name = distinctName(machine, `${procedure.protocol} ${path}`, procedure.place);
  runFound(call, procedureEntry(procedure, path, name), inner => {
    const term = { kind: 'client', path: 'input' } as const;
    inner.frame.effects.push({ kind: 'source', term, place: procedure.place, code: '' });
    return procedure.run(inner, { context, input: { kind: 'term', term, maybeUndefined: true }, path });
  });
}

/** How helpers for server components run a procedure. */
const asked: ReadonlySet<string> = new Set(['fetch', 'prefetch', 'fetchInfinite', 'prefetchInfinite', 'ensureData']);

/** `createCaller(context)`: its procedures are called like functions, without a request. */
export function callerValue(router: Value, context: Value | undefined): Value {
  const at = (value: Value, path: string): Value =>
    nativeValue({
      name: 'caller',
      key: `caller ${path} ${valueKey(value)} ${context === undefined ? '' : valueKey(context)}`,
      member: name => {
        const inner = fieldsIn(value).get(name);
        return inner === undefined ? undefined : at(inner, path === '' ? name : `${path}.${name}`);
      },
      invoke: call => invoke(call, value, path),
      method: (name, call) =>
        asked.has(name) && procedureOf(value) !== undefined ? invoke(call, value, path) : undefined,
    });
  const invoke = (call: Call, value: Value, path: string): Value => {
    const procedure = procedureOf(value);
    if (procedure === undefined) return call.machine.opaque(call.frame, call.at, `'${path}' of a router`);
    const input = call.arguments[0] ?? undefinedValue;
    return procedure.run(call, { context: contextOf(call, context), input, path });
  };
  return at(router, '');
}

function contextOf(call: Call, context: Value | undefined): Value {
  const { machine, frame, at, end } = call;
  if (context === undefined) return machine.opaque(frame, at, 'the context of a caller');
  if (context.kind !== 'function') return context;
  const value = callValue(machine, frame, context, [], { at, end });
  return frame.dead || isBottom(value) ? undefinedValue : awaitValue(machine, frame, value, at);
}

/** `createCallerFactory(router)(context)`. */
export function callerFactory(router: Value | undefined): Value {
  return handlerValue('createCaller', `create caller ${router === undefined ? '' : valueKey(router)}`, call =>
    callerValue(router ?? undefinedValue, call.arguments[0]),
  );
}
