import type { Place } from '../../../../core/place.ts';
import { callValue, handlerValue } from '../../calls.ts';
import { awaitValue, exportValue } from '../../expressions.ts';
import { valueKey } from '../../keys.ts';
import { nativeValue, type Call, type Machine, type NativeValue } from '../../machine.ts';
import { alternativesOf } from '../../operations.ts';
import { constant, objectOf, undefinedValue, type Value } from '../../value.ts';
import { noteMade } from '../server/makers.ts';
import { joinRoute } from '../server/route-path.ts';

/** The points of a request's life at which hooks run, in their order (https://fastify.dev/docs/latest/Reference/Lifecycle/). */
export const points = ['onRequest', 'preParsing', 'preValidation', 'preHandler'] as const;
type Point = (typeof points)[number];

interface Hook {
  readonly point: Point;
  readonly run: Value;
  /** Told by a plugin that shares the instance: instances that were made before do not have it. */
  readonly byPlugin: boolean;
  readonly order: number;
}

/** A route of an instance, as it was told. */
export interface FastifyRoute {
  readonly instance: Instance;
  readonly methods: readonly string[] | undefined;
  readonly path: string;
  readonly hooks: readonly { readonly point: Point; readonly run: Value }[];
  readonly schema: Value | undefined;
  readonly handler: Value;
  readonly place: Place;
}

/** A server, or a part of it with hooks and decorations of its own. */
export interface Instance {
  readonly id: number;
  readonly parent: Instance | undefined;
  readonly prefix: string;
  /** How much was told to the parent before it was made. */
  readonly order: number;
  readonly file: string;
  readonly hooks: Hook[];
  readonly decorations: Map<string, Value>;
}

interface InstanceNative extends NativeValue {
  readonly instance: Instance;
}

/** Everything that was told to servers of Fastify. */
export interface Told {
  readonly instances: Instance[];
  readonly routes: FastifyRoute[];
}

/** What was told so far. */
export function toldTo(machine: Machine): Told {
  return machine.remember('fastify', (): Told => ({ instances: [], routes: [] }));
}

/** A new instance: a server, or what a plugin gets. */
export function makeInstance(call: Call, parent: Instance | undefined, prefix: string): Value {
  const told = toldTo(call.machine);
  const instance: Instance = {
    id: told.instances.length,
    parent,
    prefix,
    order: parent === undefined ? 0 : orderIn(parent),
    file: call.frame.module.file,
    hooks: [],
    decorations: new Map(),
  };
  told.instances.push(instance);
  noteMade(call);
  return instanceValue(instance, undefined);
}

function orderIn(instance: Instance): number {
  return instance.hooks.length;
}

/** `plugin` is set where a plugin that shares the instance tells it more. */
function instanceValue(instance: Instance, plugin: string | undefined): Value {
  const native: InstanceNative = {
    name: 'fastify instance',
    key: `fastify ${instance.id} ${plugin ?? ''}`,
    instance,
    member: name => decoration(instance, name) ?? { kind: 'external', library: 'fastify', path: name, arguments: [] },
    method: (name, call) => told(instance, plugin, name, call) ?? decorated(instance, name, call),
    assigned: (name, value) => {
      instance.decorations.set(name, value);
      return nativeValue(native);
    },
  };
  return nativeValue(native);
}

function decoration(instance: Instance, name: string): Value | undefined {
  for (let current: Instance | undefined = instance; current !== undefined; current = current.parent) {
    const found = current.decorations.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A call of what was put onto the instance; of anything else it is the instance again (`ready`, `after`, `listen`). */
function decorated(instance: Instance, name: string, call: Call): Value {
  const found = decoration(instance, name);
  return found === undefined
    ? instanceValue(instance, undefined)
    : callValue(call.machine, call.frame, found, call.arguments, { at: call.at, end: call.end });
}

const verbs: ReadonlySet<string> = new Set(['get', 'post', 'put', 'patch', 'delete', 'options', 'head', 'all']);

function told(instance: Instance, plugin: string | undefined, name: string, call: Call): Value | undefined {
  const [first, second, third] = call.arguments;
  const itself = instanceValue(instance, plugin);
  if (verbs.has(name)) {
    const methods = name === 'all' ? undefined : [name.toUpperCase()];
    const options = third === undefined ? fieldOf(second, 'handler') && second : second;
    const handler = third ?? fieldOf(second, 'handler') ?? second;
    if (handler !== undefined) addRoute(call, instance, { methods, path: textOf(first) ?? '*', options, handler });
    return itself;
  }
  switch (name) {
    case 'route': {
      const handler = fieldOf(first, 'handler');
      const path = textOf(fieldOf(first, 'url')) ?? textOf(fieldOf(first, 'path')) ?? '*';
      const methods = textsOf(fieldOf(first, 'method')).map(method => method.toUpperCase());
      if (handler !== undefined) addRoute(call, instance, { methods, path, options: first, handler });
      return itself;
    }
    case 'addHook': {
      const point = points.find(one => one === textOf(first));
      if (point !== undefined && second !== undefined)
        instance.hooks.push({ point, run: second, byPlugin: plugin !== undefined, order: orderIn(instance) });
      return itself;
    }
    case 'decorate':
      if (textOf(first) !== undefined) instance.decorations.set(textOf(first) ?? '', second ?? undefinedValue);
      return itself;
    case 'register':
      register(call, instance);
      return itself;
    case 'after':
    case 'ready':
      if (first?.kind === 'function') callValue(call.machine, call.frame, first, [], { at: call.at, end: call.end });
      return itself;
    case 'withTypeProvider':
    case 'decorateRequest':
    case 'decorateReply':
    case 'setErrorHandler':
    case 'setNotFoundHandler':
    case 'setValidatorCompiler':
    case 'setSerializerCompiler':
    case 'addSchema':
      return itself;
    // https://github.com/fastify/fastify-auth: any one of the functions lets the caller on, all of them with a relation.
    case 'auth':
      return anyOf(call);
    default:
      return undefined;
  }
}

/** `fp(plugin)`: a plugin that shares the instance it is registered on. */
export function sharedPlugin(plugin: Value): Value {
  const native: NativeValue & { readonly plugin: Value } = {
    name: 'fastify plugin',
    key: `fastify plugin ${valueKey(plugin)}`,
    plugin,
    inside: [plugin],
    invoke: call => callValue(call.machine, call.frame, plugin, call.arguments, { at: call.at, end: call.end }),
  };
  return nativeValue(native);
}

/** `register(plugin, { prefix })`: runs the plugin with an instance of its own, or with this one when it shares it. */
function register(call: Call, instance: Instance): void {
  const [given, options = objectOf({})] = call.arguments;
  const { machine, frame, at, end } = call;
  if (given?.kind === 'external' && /^(?:@fastify\/|fastify-)autoload$/.test(given.library ?? '')) {
    for (const file of autoloaded(call, fieldOf(options, 'dir')))
      register({ ...call, arguments: [file.plugin, withPrefix(options, file.prefix)] }, instance);
    return;
  }
  const loaded = given?.kind === 'promise' ? awaitValue(machine, frame, given, at) : given;
  for (const { value } of loaded === undefined ? [] : alternativesOf(loaded)) {
    const plugin = defaultOf(value, call);
    if (plugin.kind !== 'function' && plugin.kind !== 'native') continue;
    const isShared = plugin.kind === 'native' && 'plugin' in plugin.native;
    const prefix = joinRoute(instance.prefix, textOf(fieldOf(options, 'prefix')) ?? '');
    const inner = isShared
      ? instanceValue(instance, String(orderIn(instance)))
      : makeInstance(call, instance, prefix === '/' ? '' : prefix);
    const done = handlerValue('done', 'fastify done', () => undefinedValue);
    const before = frame.save();
    const returned = callValue(machine, frame, plugin, [inner, options, done], { at, end });
    if (!frame.dead) awaitValue(machine, frame, returned, at);
    frame.restore(before);
  }
}

/** `autoload` registers every file of a folder; folders below it are prefixes (https://github.com/fastify/fastify-autoload). */
function autoloaded(
  call: Call,
  folder: Value | undefined,
): readonly { readonly plugin: Value; readonly prefix: string }[] {
  const { machine, frame } = call;
  const names = folder === undefined ? [] : textsIn(folder).flatMap(text => text.split('/'));
  const below = names.filter(name => name !== '' && name !== '.').join('/');
  if (below === '') return [];
  const { file } = frame.module;
  const root = `${file.slice(0, file.lastIndexOf('/') + 1)}${below}/`;
  return machine.source.paths
    .filter(path => path.startsWith(root) && /\.[cm]?[jt]s$/.test(path) && !/\.(?:test|spec|d)\./.test(path))
    .flatMap(path => {
      const module = machine.source.module(path);
      if (module?.exports.has('default') !== true) return [];
      const folders = path.slice(root.length, Math.max(root.length, path.lastIndexOf('/')));
      return [
        { plugin: exportValue(machine, module, 'default'), prefix: folders.replaceAll(/(^|\/)_(\w+)/g, '$1:$2') },
      ];
    });
}

function textsIn(value: Value): readonly string[] {
  if (value.kind === 'external') return value.arguments.flatMap(textsIn);
  return textOf(value) === undefined ? [] : [textOf(value) ?? ''];
}

function withPrefix(options: Value, prefix: string): Value {
  const outer = fieldOf(fieldOf(options, 'options'), 'prefix') ?? fieldOf(options, 'prefix');
  return objectOf({ prefix: constant(joinRoute(textOf(outer) ?? '', prefix)) });
}

/** A module that was imported as a whole stands for its default export. */
function defaultOf(value: Value, call: Call): Value {
  if (value.kind !== 'native' || value.native.name !== 'namespace') return value;
  const namespace: NativeValue = value.native;
  return namespace.member?.('default', call) ?? value;
}

function anyOf(call: Call): Value {
  const [functions, options] = call.arguments;
  const items = functions?.kind === 'array' ? functions.items : [];
  const isAll = textOf(fieldOf(options, 'relation')) === 'and';
  // One of several that may do: which did is not known, so that none is said to have checked anything.
  return isAll || items.length === 1 ? { kind: 'array', items } : { kind: 'array', items: [] };
}

interface NewRoute {
  readonly methods: readonly string[] | undefined;
  readonly path: string;
  readonly options: Value | undefined;
  readonly handler: Value;
}

function addRoute(call: Call, instance: Instance, { methods, path, options, handler }: NewRoute): void {
  const hooks = points.flatMap(point => flat(fieldOf(options, point)).map(run => ({ point, run })));
  toldTo(call.machine).routes.push({
    instance,
    methods,
    path: joinRoute(instance.prefix, path),
    hooks,
    schema: fieldOf(options, 'schema'),
    handler,
    place: call.machine.place(call.frame, call.at),
  });
}

/** The hooks that run before a route's handler: at each point those of the server first, the route's own last. */
export function hooksOf(route: FastifyRoute): readonly Value[] {
  const line: { readonly instance: Instance; readonly below: Instance | undefined }[] = [];
  for (let instance: Instance | undefined = route.instance, below: Instance | undefined; instance !== undefined;) {
    line.unshift({ instance, below });
    below = instance;
    instance = instance.parent;
  }
  return points.flatMap(point => [
    ...line.flatMap(({ instance, below }) =>
      instance.hooks.filter(hook => hook.point === point && has(below, hook)).map(hook => hook.run),
    ),
    ...route.hooks.filter(hook => hook.point === point).map(hook => hook.run),
  ]);
}

/** Plugins load one after the other: what a later one tells the server, an earlier one's instance never has. */
function has(below: Instance | undefined, hook: Hook): boolean {
  return below === undefined || !hook.byPlugin || hook.order < below.order;
}

function flat(value: Value | undefined): readonly Value[] {
  if (value === undefined) return [];
  return value.kind === 'array' ? value.items.flatMap(flat) : [value];
}

function fieldOf(value: Value | undefined, name: string): Value | undefined {
  return value?.kind === 'object' ? value.fields.get(name) : undefined;
}

function textOf(value: Value | undefined): string | undefined {
  return value?.kind === 'constant' && typeof value.value === 'string' ? value.value : undefined;
}

function textsOf(value: Value | undefined): readonly string[] {
  return flat(value).flatMap(item => textOf(item) ?? []);
}
