import { callValue, handlerValue } from '../../calls.ts';
import { library, signedIn } from '../../library/identity/principal.ts';
import { claimsValue, whenSignedIn } from '../../library/identity/principal.ts';
import { valueKey } from '../../keys.ts';
import { nativeValue, type Call, type Handler, type Machine, type NativeValue } from '../../machine.ts';
import type { EntryRun } from '../../paths.ts';
import { branches } from '../../statements.ts';
import { constant, nullValue, present, undefinedValue, type Value } from '../../value.ts';
import type { EntryAdapter } from '../adapter.ts';
import { evaluateInOrder, serverFiles } from '../server/evaluate.ts';
import {
  newRegistry,
  newRouterRegistry,
  noteUnmounted,
  serverOf,
  type Registration,
  type Registry,
  type ServerNative,
} from '../server/registry.ts';
import { joinRoute, parametersIn } from '../server/route-path.ts';
import { runServers } from '../server/run.ts';
import { runList, runStages } from './chain.ts';
import { sharedFields, userOfSession, withState } from './context.ts';

const methods: ReadonlySet<string> = new Set(['get', 'post', 'put', 'patch', 'delete', 'del', 'options', 'head']);

// Apps -----------------------------------------------------------------------------------------------------------------

/** `new Koa()`: its stages run one inside the other, in the order in which they are told. */
function appValue(registry: Registry): Value {
  const native: ServerNative = {
    name: 'koa app',
    key: `koa app ${registry.id}`,
    registry,
    base: '',
    member: name =>
      name === 'context' ? sharedContext : { kind: 'external', library: 'koa', path: `app.${name}`, arguments: [] },
    method: (name, call) => {
      if (name === 'callback') return handlerValue('koa callback', `koa callback ${registry.id}`, () => undefinedValue);
      if (name === 'use') for (const stage of call.arguments) use(registry, '', stage, call);
      return nativeValue(native);
    },
    // `app.keys = […]`: settings.
    assigned: () => nativeValue(native),
  };
  return nativeValue(native);
}

const sharedContext: Value = nativeValue({
  name: 'koa shared context',
  key: 'koa shared context',
  member: (name, call) => sharedFields(call.machine).get(name),
  assigned: (name, value, call) => {
    if (call !== undefined) sharedFields(call.machine).set(name, value);
    return sharedContext;
  },
});

/** A stage for every address below a path, or a router whose routes answer there. */
function use(registry: Registry, path: string, stage: Value, call: Call, own?: true): void {
  const place = call.machine.place(call.frame, call.at);
  const mounted = serverOf(stage);
  if (mounted !== undefined) {
    mounted.registry.mounted = true;
    registry.registrations.push({ kind: 'mount', path: joinRoute(path, mounted.base), server: mounted.registry });
    return;
  }
  const route = routeOf(stage);
  if (route !== undefined) registry.registrations.push({ ...route, path: joinRoute(path, route.path) });
  else if (!isUnused(stage))
    registry.registrations.push({
      kind: 'before',
      path: joinRoute(path, '*'),
      stages: [stage],
      place,
      ...(own === undefined ? {} : { own }),
    });
}

/** `router.allowedMethods()` answers what no route does. */
function isUnused(stage: Value): boolean {
  return stage.kind === 'constant';
}

// Routers --------------------------------------------------------------------------------------------------------------

/** `new Router({ prefix })` of koa-router. */
function routerValue(registry: Registry, options: Value | undefined): Value {
  const written = options?.kind === 'object' ? textOf(options.fields.get('prefix')) : undefined;
  const at = { prefix: written ?? '' };
  const told = (name: string, call: Call): Value | undefined => {
    const [first, second] = call.arguments;
    const place = call.machine.place(call.frame, call.at);
    switch (name) {
      case 'routes':
      case 'middleware':
        return nativeValue(native);
      case 'allowedMethods':
        return undefinedValue;
      case 'prefix':
        prefixAll(registry, textOf(first) ?? '');
        at.prefix = joinRoute(textOf(first) ?? '', at.prefix);
        break;
      case 'param':
        if (textOf(first) !== undefined && second !== undefined)
          registry.registrations.push({
            kind: 'before',
            path: '*',
            stages: [parameterStage(textOf(first) ?? '', second)],
            place,
            parameter: textOf(first) ?? '',
          });
        break;
      case 'use': {
        const paths = isPath(first) ? pathsOf(first) : [''];
        for (const path of paths)
          for (const stage of flat(isPath(first) ? call.arguments.slice(1) : call.arguments))
            use(registry, joinRoute(at.prefix, path), stage, call, true);
        break;
      }
      default:
        if (name === 'all' || methods.has(name)) answer(registry, at.prefix, name, call);
        else if (name === 'register') register(registry, at.prefix, call);
    }
    return nativeValue(native);
  };
  const native: ServerNative = {
    name: 'koa router',
    key: `koa router ${registry.id}`,
    registry,
    base: '',
    member: name => ({ kind: 'external', library: 'koa-router', path: `router.${name}`, arguments: [] }),
    method: told,
    invoke: () => undefinedValue,
  };
  return nativeValue(native);
}

/** `get([name], path, …stages)`; `all` is how guards of a path are told. */
function answer(registry: Registry, prefix: string, name: string, call: Call): void {
  const [first, second] = call.arguments;
  const isNamed = isPath(second);
  const stages = flat(call.arguments.slice(isNamed ? 2 : 1));
  const place = call.machine.place(call.frame, call.at);
  for (const path of pathsOf(isNamed ? second : first)) {
    const full = joinRoute(prefix, path);
    registry.registrations.push(
      name === 'all'
        ? { kind: 'before', path: full, stages, place, own: true }
        : { kind: 'answer', methods: [name === 'del' ? 'DELETE' : name.toUpperCase()], path: full, stages, place },
    );
  }
}

/** `register(path, ['get'], stages)`. */
function register(registry: Registry, prefix: string, call: Call): void {
  const [first, verbs, stages] = call.arguments;
  const place = call.machine.place(call.frame, call.at);
  for (const path of pathsOf(first))
    registry.registrations.push({
      kind: 'answer',
      methods: textsOf(verbs).map(verb => verb.toUpperCase()),
      path: joinRoute(prefix, path),
      stages: stages === undefined ? [] : flat([stages]),
      place,
    });
}

/** A prefix that is told later holds for what was told before. */
function prefixAll(registry: Registry, prefix: string): void {
  for (const [index, one] of registry.registrations.entries())
    registry.registrations[index] = { ...one, path: joinRoute(prefix, one.path) };
}

/** `param('id', (id, ctx, next) => …)`. */
function parameterStage(name: string, run: Value): Value {
  return handlerValue('parameter', `parameter ${name} ${valueKey(run)}`, call => {
    const { machine, frame, at, end } = call;
    const value = present({ kind: 'client', path: `params.${name}` });
    return callValue(machine, frame, run, [value, ...call.arguments.slice(0, 2)], { at, end });
  });
}

function isPath(value: Value | undefined): boolean {
  return value?.kind === 'constant' || (value?.kind === 'array' && value.items.length > 0 && value.items.every(isPath));
}

function flat(values: readonly Value[]): readonly Value[] {
  return values.flatMap(value => (value.kind === 'array' ? flat(value.items) : [value]));
}

function textOf(value: Value | undefined): string | undefined {
  return value?.kind === 'constant' && typeof value.value === 'string' ? value.value : undefined;
}

function textsOf(value: Value | undefined): readonly string[] {
  return value?.kind === 'array' ? value.items.flatMap(textsOf) : [textOf(value) ?? []].flat();
}

/** The patterns that an argument stands for; a regular expression may match anything. */
function pathsOf(value: Value | undefined): readonly string[] {
  if (value?.kind === 'array') return value.items.flatMap(pathsOf);
  const text = textOf(value) ?? '*';
  const isPattern = text.length > 2 && text.startsWith('/') && text.endsWith('/') && /[\\^$(]/.test(text);
  return [
    isPattern
      ? '*'
      : text
          .replaceAll(/\([^)]*\)/g, '')
          .replaceAll(/[{}?+]/g, '')
          .replaceAll(/\*\w+/g, '*'),
  ];
}

// Packages beside it ---------------------------------------------------------------------------------------------------

interface RouteNative extends NativeValue {
  readonly route: Extract<Registration, { kind: 'answer' }>;
}

function routeOf(value: Value): RouteNative['route'] | undefined {
  return value.kind === 'native' && 'route' in value.native ? (value.native as RouteNative).route : undefined;
}

/** `route.get('/notes/:id', (ctx, id) => …)` of koa-route. */
function singleRoute(method: string): Handler {
  return call => {
    const [first, handler] = call.arguments;
    const path = textOf(first) ?? '*';
    if (handler === undefined) return undefinedValue;
    const stage = handlerValue('koa route', `koa route ${path} ${valueKey(handler)}`, inner => {
      const [context = undefinedValue, next = undefinedValue] = inner.arguments;
      const given = parametersIn(path).map(name => present({ kind: 'client', path: `params.${name}` }));
      return callValue(inner.machine, inner.frame, handler, [context, ...given, next], {
        at: inner.at,
        end: inner.end,
      });
    });
    const place = call.machine.place(call.frame, call.at);
    const methodsOf = method === 'all' ? undefined : [method.toUpperCase()];
    const native: RouteNative = {
      name: 'koa route',
      key: `koa route ${method} ${path} ${valueKey(handler)}`,
      route: { kind: 'answer', methods: methodsOf, path, stages: [stage], place },
    };
    return nativeValue(native);
  };
}

/** `mount('/admin', app)`; a function below a path is a stage of it. */
const mount: Handler = call => {
  const [first, second] = call.arguments;
  const inner = second ?? first ?? undefinedValue;
  const server = serverOf(inner);
  const path = second === undefined ? '' : (textOf(first) ?? '');
  if (server !== undefined) {
    const native: ServerNative = { ...server, key: `${server.key} below ${path}`, base: joinRoute(path, server.base) };
    return nativeValue(native);
  }
  const registry = newRegistry(call, 'koa');
  use(registry, path, inner, call);
  return routerValue(registry, undefined);
};

/** `compose([a, b])`: one stage that runs them one inside the other. */
const compose: Handler = outer => {
  const stages = flat(outer.arguments);
  const id = `compose ${stages.map(stage => valueKey(stage)).join(' ')}`;
  return handlerValue('composed', id, call => {
    const [context = undefinedValue, next] = call.arguments;
    return runList(call, stages, context, `${id} ${next === undefined ? '' : valueKey(next)}`, (inner, given) =>
      next === undefined
        ? undefinedValue
        : callValue(inner.machine, inner.frame, next, [given], { at: inner.at, end: inner.end }),
    );
  });
};

// Who is asking --------------------------------------------------------------------------------------------------------

/** A stage that lets only signed-in callers on, or everybody, and writes who they are into `ctx.state`. */
function signs(name: string, field: string, who: () => Value, isOptional: boolean): Value {
  return handlerValue(name, `${name} ${field} ${String(isOptional)}`, call => {
    const { frame } = call;
    if (!isOptional) frame.learn([signedIn(call)]);
    const value = isOptional ? whenSignedIn(call, who()) : who();
    return handOn(call, new Map([[field, value]]));
  });
}

function handOn(call: Call, fields: ReadonlyMap<string, Value>): Value {
  const [context = undefinedValue, next] = call.arguments;
  const { machine, frame, at, end } = call;
  if (next === undefined) return undefinedValue;
  return callValue(machine, frame, next, [withState(context, fields, call)], { at, end });
}

function optionOf(options: Value | undefined, name: string): Value | undefined {
  return options?.kind === 'object' ? options.fields.get(name) : undefined;
}

function isTrue(value: Value | undefined): boolean {
  return value?.kind === 'constant' && value.value === true;
}

/** `jwt({ secret, key, passthrough }).unless({ path })` of koa-jwt. */
const koaJwt: Handler = ({ arguments: [options] }) => {
  const field = textOf(optionOf(options, 'key')) ?? 'user';
  const stage = signs('koa-jwt', field, claimsValue, isTrue(optionOf(options, 'passthrough')));
  const native: NativeValue = {
    name: 'koa-jwt',
    key: `koa-jwt ${valueKey(stage)}`,
    invoke: call => callValue(call.machine, call.frame, stage, call.arguments, { at: call.at, end: call.end }),
    method: (name, call) => (name === 'unless' ? unless(stage, call.arguments[0]) : undefined),
  };
  return nativeValue(native);
};

/** Runs the stage for other addresses than those listed; a listed pattern is tried on the route's own. */
function unless(stage: Value, options: Value | undefined): Value {
  const listed = optionOf(options, 'path');
  const paths = listed?.kind === 'array' ? listed.items : listed === undefined ? [] : [listed];
  const isKnown =
    options?.kind === 'object' && options.spread.length === 0 && [...options.fields.keys()].join() === 'path';
  return handlerValue(
    'koa-jwt',
    `koa-jwt unless ${valueKey(stage)} ${paths.map(path => valueKey(path)).join(' ')}`,
    call => {
      const { machine, frame, at, end } = call;
      const route = routeAt(call);
      const isOpen = !isKnown || paths.some(path => opens(textOf(path), route));
      return isOpen ? handOn(call, new Map()) : callValue(machine, frame, stage, call.arguments, { at, end });
    },
  );
}

function routeAt(call: Call): string | undefined {
  const [context] = call.arguments;
  const path = context?.kind === 'native' ? (context.native as NativeValue).member?.('path', call) : undefined;
  return textOf(path);
}

/** Whether a listed address, or pattern, lets a route through; one that cannot be read may let any. */
function opens(listed: string | undefined, route: string | undefined): boolean {
  if (listed === undefined || route === undefined) return true;
  if (!listed.startsWith('/') || !listed.endsWith('/') || listed.length < 3) return listed === route;
  const pattern = listed.slice(1, -1);
  if (/[)\]}*+?][*+{]/.test(pattern)) return true;
  try {
    return new RegExp(pattern, 'i').test(route);
  } catch {
    return true;
  }
}

/** `passport.authenticate(strategy, options, callback)`: with a callback, that decides itself. */
const authenticate: Handler = outer => {
  const [strategy, ...more] = outer.arguments;
  const names = strategy?.kind === 'array' ? strategy.items : [strategy];
  const isOptional = names.some(name => textOf(name) === 'anonymous');
  const callback = more.findLast(value => value.kind === 'function');
  if (callback === undefined) return signs('passport', 'user', userOfSession, isOptional);
  return handlerValue('passport', `koa passport ${valueKey(callback)}`, call => {
    const { machine, frame, at, end } = call;
    return branches(machine, frame, [
      () => {
        frame.learn([signedIn(call)]);
        return callValue(machine, frame, callback, [nullValue, userOfSession(), undefinedValue], { at, end });
      },
      () => callValue(machine, frame, callback, [nullValue, constant(false), undefinedValue], { at, end }),
    ]);
  });
};

// Runs -----------------------------------------------------------------------------------------------------------------

const newApp: Handler = call => appValue(newRegistry(call, 'koa'));
const newRouter: Handler = call => routerValue(newRouterRegistry(call, 'koa'), call.arguments[0]);

const makes = /['"](?:koa|koa-router|@koa\/router|koa-route|koa-mount)['"]/;
const tells = /\b\w*(?:app|router|server|routes)\.(?:get|post|put|patch|del|delete|all|use)\(/i;

function runKoa(machine: Machine): readonly EntryRun[] {
  const paths = serverFiles(machine, makes, tells);
  if (paths.length === 0) return [];
  evaluateInOrder(machine, paths);
  noteUnmounted(machine, 'koa');
  return runServers(machine, 'koa', runStages);
}

const routers = ['koa-router', '@koa/router'];

/** Koa: apps, the routers of koa-router, and the stages that say who is asking. */
export const koa: EntryAdapter = {
  handlers: {
    ...library(['koa'], { Koa: newApp, default: newApp, koa: newApp }),
    'koa#new koa': newApp,
    'koa#new default': newApp,
    ...Object.fromEntries(
      routers.flatMap(name =>
        ['', 'new '].flatMap(prefix =>
          ['Router', 'default', 'router', 'koa-router', ''].map(path => [`${name}#${prefix}${path}`, newRouter]),
        ),
      ),
    ),
    ...library(['koa-route'], Object.fromEntries([...methods, 'all'].map(name => [name, singleRoute(name)]))),
    'koa-mount#koa-mount': mount,
    'koa-mount#default': mount,
    'koa-compose#koa-compose': compose,
    'koa-compose#default': compose,
    'koa-jwt#koa-jwt': koaJwt,
    'koa-jwt#default': koaJwt,
    ...library(['koa-passport'], { authenticate }),
  },
  find: machine => [{ turn: 'server', run: () => runKoa(machine) }],
};
