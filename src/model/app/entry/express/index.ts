import { callValue, handlerValue } from '../../calls.ts';
import { valueKey } from '../../keys.ts';
import { nativeValue, type Call, type Handler, type Machine } from '../../machine.ts';
import type { EntryRun } from '../../paths.ts';
import { present, undefinedValue, type Value } from '../../value.ts';
import type { EntryAdapter } from '../adapter.ts';
import { evaluateInOrder, serverFiles } from '../server/evaluate.ts';
import { runMakers } from '../server/makers.ts';
import {
  newRegistry,
  newRouterRegistry,
  noteUnmounted,
  serverOf,
  type Registry,
  type ServerNative,
} from '../server/registry.ts';
import { joinRoute } from '../server/route-path.ts';
import { runServers } from '../server/run.ts';
import { runStages } from './chain.ts';
import { middlewareHandlers } from './middleware.ts';

const methods: ReadonlySet<string> = new Set(['get', 'post', 'put', 'patch', 'delete', 'options', 'head']);

/** `express()` or `Router()`: it grows while its statements run. */
function serverValue(registry: Registry): Value {
  const native: ServerNative = {
    name: 'express server',
    key: `express server ${registry.id}`,
    registry,
    base: '',
    member: name => ({ kind: 'external', library: 'express', path: `app.${name}`, arguments: [] }),
    method: (name, call) => told(native, name, call),
    // An app or a router may be called as the function `(req, res, next)` that it is.
    invoke: () => undefinedValue,
  };
  return nativeValue(native);
}

function told(server: ServerNative, name: string, call: Call): Value | undefined {
  const { registry } = server;
  const [first, second] = call.arguments;
  const place = call.machine.place(call.frame, call.at);
  const itself = nativeValue(server);
  if (name === 'use') {
    use(call, registry);
  } else if (name === 'route') {
    return routeValue(registry, pathsOf(first)[0] ?? '*');
  } else if (name === 'param') {
    const parameter = textOf(first);
    if (parameter !== undefined && second !== undefined)
      registry.registrations.push({
        kind: 'before',
        path: '*',
        stages: [parameterStage(parameter, second)],
        place,
        parameter,
      });
  } else if (name === 'get' && call.arguments.length === 1) {
    return call.machine.opaque(call.frame, call.at, 'a setting of the server');
  } else if (name === 'all' || methods.has(name)) {
    for (const path of pathsOf(first)) answer(registry, name, path, flat(call.arguments.slice(1)), call);
  } else if (name === 'listen' || name === 'address') {
    return undefined;
  }
  return itself;
}

/** `param('id', (req, res, next, id) => …)`. */
function parameterStage(name: string, run: Value): Value {
  return handlerValue('parameter', `parameter ${name} ${valueKey(run)}`, call => {
    const { machine, frame, at, end } = call;
    const value = present({ kind: 'client', path: `params.${name}` });
    return callValue(machine, frame, run, [...call.arguments.slice(0, 3), value], { at, end });
  });
}

/** `app.route(path).all(guard).get(handler)`. */
function routeValue(registry: Registry, path: string): Value {
  const value: Value = nativeValue({
    name: 'express route',
    key: `express route ${registry.id} ${path}`,
    method: (name, call) => {
      if (name === 'all' || methods.has(name)) answer(registry, name, path, flat(call.arguments), call);
      return value;
    },
  });
  return value;
}

/** `all` is how guards of a path are told: it runs before what comes later, and answers when it does not hand on. */
function answer(registry: Registry, name: string, path: string, stages: readonly Value[], call: Call): void {
  const place = call.machine.place(call.frame, call.at);
  registry.registrations.push(
    name === 'all'
      ? { kind: 'before', path, stages, place }
      : { kind: 'answer', methods: [name.toUpperCase()], path, stages, place },
  );
}

/** `use([path], …)`: functions and routers, for every address below the path. */
function use(call: Call, registry: Registry): void {
  const [first] = call.arguments;
  const isPath = first?.kind === 'constant' || (first?.kind === 'array' && first.items.every(item => textOf(item)));
  const place = call.machine.place(call.frame, call.at);
  for (const path of isPath ? pathsOf(first) : ['']) {
    for (const stage of flat(isPath ? call.arguments.slice(1) : call.arguments)) {
      const mounted = serverOf(stage);
      if (mounted === undefined) {
        registry.registrations.push({ kind: 'before', path: joinRoute(path, '*'), stages: [stage], place });
      } else {
        mounted.registry.mounted = true;
        registry.registrations.push({ kind: 'mount', path, server: mounted.registry });
      }
    }
  }
}

/** Handlers may be given in lists of lists. */
function flat(values: readonly Value[]): readonly Value[] {
  return values.flatMap(value => (value.kind === 'array' ? flat(value.items) : [value]));
}

function textOf(value: Value | undefined): string | undefined {
  return value?.kind === 'constant' && typeof value.value === 'string' ? value.value : undefined;
}

/** The patterns that an argument stands for; one that is no text (a regular expression) may match anything. */
function pathsOf(value: Value | undefined): readonly string[] {
  if (value?.kind === 'array') return value.items.flatMap(pathsOf);
  return [plainPath(textOf(value) ?? '*')];
}

/** `/:id(\\d+)`, `/:id?`, `/*rest`, `/{:id}` without what only narrows them (https://expressjs.com/en/guide/routing.html). */
function plainPath(path: string): string {
  return path
    .replaceAll(/\([^)]*\)/g, '')
    .replaceAll(/[{}?+]/g, '')
    .replaceAll(/\*\w+/g, '*');
}

const newServer: Handler = call => serverValue(newRegistry(call, 'express'));
const newRouter: Handler = call => serverValue(newRouterRegistry(call, 'express'));

const itself: Handler = ({ arguments: [first] }) => first ?? undefinedValue;

const makes = /['"](?:express|express-promise-router)['"]/;
const tells = /\b\w*(?:app|router|server|routes)\.(?:get|post|put|patch|delete|all|use|route)\(/i;

/** What makes an app or a router, but not what adds to one. */
const calls = /\b(?:express|express\.Router|Router)\s*\(/;

function runExpress(machine: Machine): readonly EntryRun[] {
  const paths = serverFiles(machine, makes, tells);
  if (paths.length === 0) return [];
  evaluateInOrder(machine, paths);
  runMakers(machine, paths, calls);
  noteUnmounted(machine, 'express');
  return runServers(machine, 'express', runStages);
}

/** Express: apps and routers that register routes, with the functions that run before them. */
export const express: EntryAdapter = {
  handlers: {
    'express#express': newServer,
    'express#': newServer,
    'express#default': newServer,
    'express#Router': newRouter,
    'express#new Router': newRouter,
    'express#express.Router': newRouter,
    'express#new express.Router': newRouter,
    'express-promise-router#express-promise-router': newRouter,
    'express-async-handler#express-async-handler': itself,
    'express-async-wrapper#express-async-wrapper': itself,
    ...middlewareHandlers,
  },
  find: machine => [{ turn: 'server', run: () => runExpress(machine) }],
};
