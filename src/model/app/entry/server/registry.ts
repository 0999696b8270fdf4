import type { EntryPointKind } from '../../../../core/path.ts';
import type { Place } from '../../../../core/place.ts';
import { runModule } from '../../expressions.ts';
import type { Call, Machine, NativeValue } from '../../machine.ts';
import type { Value } from '../../value.ts';
import { noteMade } from './makers.ts';
import { joinRoute, leadsTo, parametersIn } from './route-path.ts';

/** What was told to a server: answer here, run this before, mount that below. In the order in which it was told. */
export type Registration =
  | {
      readonly kind: 'answer';
      /** Absent: every method. */
      readonly methods: readonly string[] | undefined;
      readonly path: string;
      readonly stages: readonly Value[];
      readonly place: Place;
    }
  | {
      readonly kind: 'before';
      readonly path: string;
      readonly stages: readonly Value[];
      readonly place: Place;
      /** Runs before the routes of its own server that have this parameter, whenever they are told. */
      readonly parameter?: string;
      /** Runs before routes of its own server, and of what that mounts, only. */
      readonly own?: true;
    }
  | { readonly kind: 'mount'; readonly path: string; readonly server: Registry };

/** A server or a router that is being put together. It grows while the statements of modules run. */
export interface Registry {
  readonly id: number;
  readonly registrations: Registration[];
  /** The file that made it: its statements tell the rest. */
  readonly file: string;
  readonly framework: string;
  mounted: boolean;
}

/** A value that registers. */
export interface ServerNative extends NativeValue {
  readonly registry: Registry;
  readonly base: string;
}

/** The server that a value is, if it is one. */
export function serverOf(value: Value | undefined): ServerNative | undefined {
  return value?.kind === 'native' && 'registry' in value.native ? (value.native as ServerNative) : undefined;
}

const servers = 'servers';

/** A new, empty registry, known to the run. */
export function newRegistry(call: Call, framework: string): Registry {
  const every = call.machine.remember<Registry[]>(servers, () => []);
  const registry: Registry = {
    id: every.length,
    registrations: [],
    file: call.frame.module.file,
    framework,
    mounted: false,
  };
  every.push(registry);
  noteMade(call);
  return registry;
}

/** Every server that nothing mounts. */
export function rootServers(machine: Machine, framework: string): readonly Registry[] {
  return machine
    .remember<Registry[]>(servers, () => [])
    .filter(registry => registry.framework === framework && !registry.mounted);
}

/** One route with all that runs before it. */
export interface Route {
  readonly methods: readonly string[] | undefined;
  readonly path: string;
  readonly stages: readonly Value[];
  readonly place: Place;
  /** It was told to run before others; whether it answers itself shows when it runs. */
  readonly isBefore: boolean;
}

/** The routes of a server and of what it mounts, each with the stages that were told before it and lead to it. */
export function routesOf(machine: Machine, root: Registry): readonly Route[] {
  const flat: Told[] = [];
  collect(machine, root, '', flat, new Set());
  const before: Told[] = [];
  const routes: Route[] = [];
  for (const told of flat) {
    const { path, place } = told;
    if (told.parameter !== undefined) continue;
    const own = told.kind === 'before' ? [] : flat.filter(one => isOfParameter(one, told));
    const guards = [...before.filter(one => leadsTo(one.path, path) && reaches(one, told)), ...own].flatMap(
      one => one.stages,
    );
    const methods = told.kind === 'answer' ? told.methods : undefined;
    const stages = [...guards, ...told.stages];
    routes.push({ methods, path, stages, place, isBefore: told.kind === 'before' });
    if (told.kind === 'before') before.push(told);
  }
  return routes;
}

/** A registration by its full path, with the server that it was told to. */
interface Told {
  readonly kind: 'answer' | 'before';
  readonly methods: readonly string[] | undefined;
  readonly parameter: string | undefined;
  readonly own: boolean;
  readonly path: string;
  readonly stages: readonly Value[];
  readonly place: Place;
  readonly server: Registry;
  /** The servers that it is mounted in. */
  readonly above: ReadonlySet<Registry>;
}

function reaches(before: Told, route: Told): boolean {
  return !before.own || before.server === route.server || route.above.has(before.server);
}

function isOfParameter(one: Told, route: Told): boolean {
  return one.parameter !== undefined && one.server === route.server && parametersIn(route.path).includes(one.parameter);
}

const deepest = 12;

function collect(machine: Machine, registry: Registry, base: string, into: Told[], above: ReadonlySet<Registry>): void {
  if (above.has(registry) || above.size > deepest) return;
  const module = machine.source.module(registry.file);
  if (module !== undefined) runModule(machine, module);
  for (const registration of registry.registrations) {
    const path = joinRoute(base, registration.path);
    if (registration.kind === 'mount') collect(machine, registration.server, path, into, new Set([...above, registry]));
    else {
      const methods = registration.kind === 'answer' ? registration.methods : undefined;
      const { parameter, own = false } = registration.kind === 'before' ? registration : {};
      const { kind, stages, place } = registration;
      into.push({ kind, methods, parameter, own, path, stages, place, server: registry, above });
    }
  }
}

/** The kind of a route, by what its address says. */
export function kindOfRoute(route: string): EntryPointKind {
  if (/\/webhooks?(?:\/|$)/.test(route)) return 'webhook';
  return /\/cron(?:\/|$)/.test(route) ? 'cron' : 'route-handler';
}

/** A new router, which something is expected to mount. */
export function newRouterRegistry(call: Call, framework: string): Registry {
  const registry = newRegistry(call, framework);
  routersOf(call.machine, framework).set(registry, call.machine.place(call.frame, call.at));
  return registry;
}

function routersOf(machine: Machine, framework: string): Map<Registry, Place> {
  return machine.remember(`${framework} routers`, () => new Map<Registry, Place>());
}

/** A router that was not seen to be mounted is run as it is: what its server checks before is not known. */
export function noteUnmounted(machine: Machine, framework: string): void {
  for (const [{ mounted, registrations }, place] of routersOf(machine, framework))
    if (!mounted && registrations.length > 0)
      machine.gap('Nothing was found that mounts this router; what runs before its routes is not known.', place);
}
