import { isProgram } from '../../../../collect/source/files.ts';
import type { Declared } from '../../../../collect/source/ir.ts';
import { lineOf } from '../../../../collect/source/ir.ts';
import type { EntryPoint, EntryPointKind } from '../../../../core/path.ts';
import { callValue, handlerValue } from '../../calls.ts';
import { asClass, lineageOf, type ClassNative } from '../../classes.ts';
import { awaitValue, evaluateModule, exportNames, exportValue, instanceOf, moduleFrame } from '../../expressions.ts';
import { responderValue } from '../../library/requests.ts';
import { valueKey } from '../../keys.ts';
import { Frame, nativeValue, type Call, type Handler, type Machine } from '../../machine.ts';
import { bottom } from '../../operations.ts';
import type { EntryRun } from '../../paths.ts';
import type { Fact } from '../../types.ts';
import { undefinedValue, type Value } from '../../value.ts';
import type { EntryAdapter } from '../adapter.ts';
import { distinctName, runFound } from '../found.ts';
import { kindOfRoute } from '../server/registry.ts';
import { isNodeRequest, nodeRequest } from '../server/request.ts';
import { joinRoute, leadsTo, parametersIn } from '../server/route-path.ts';
import { answered, asOwnCall, eachRequest } from '../server/run.ts';
import { contextValue, reflector, requestIn, sameContext, type Target } from './context.ts';
import { decoratorHandlers, fieldOf, saidOf, saidOfClass, textOf, type CalledBy, type Said } from './decorators.ts';
import { passportGuard, runGuard } from './guards.ts';
import { argumentsFor } from './parameters.ts';
import { runInterceptors } from './interceptors.ts';
import { beginRequest, nestApp, providerHandlers, readModule, stageOf, type Middleware } from './providers.ts';
import { readStrategy } from './strategies.ts';

/** A method that something calls, with what is said of it. */
interface Method {
  /** The class that is instantiated, and the one that has the method: itself, or one that it extends. */
  readonly native: ClassNative;
  readonly owner: ClassNative;
  readonly name: string;
  readonly said: readonly Said[];
  readonly ofClass: readonly Said[];
  readonly parameters: readonly Declared[];
  readonly at: number;
  readonly file: string;
  readonly line: number;
}

const speaks = /['"]@nestjs\//;

function* runNest(machine: Machine): Generator<EntryRun> {
  const classes: { readonly native: ClassNative; readonly said: readonly Said[] }[] = [];
  for (const path of machine.source.paths) {
    const text = isProgram(path) ? (machine.source.text(path) ?? '') : '';
    const module = speaks.test(text) ? machine.source.module(path) : undefined;
    if (module === undefined) continue;
    if (/\bNestFactory\b/.test(text)) evaluateModule(machine, module);
    for (const name of exportNames(machine, module)) {
      const native = asClass(exportValue(machine, module, name));
      if (native?.frame.module === module) classes.push({ native, said: saidOfClass(machine, native) });
    }
  }
  for (const { native } of classes) readStrategy(machine, native);
  for (const { native, said } of classes) readModule(callIn(machine, native), native, said);
  for (const { native, said } of classes)
    for (const method of methodsOf(machine, native, said)) yield* runMethod(machine, method);
}

function callIn(machine: Machine, native: ClassNative): Call {
  const { module } = native.frame;
  const frame = new Frame(module, undefined, moduleFrame(machine, module), undefinedValue);
  return { machine, frame, arguments: [], at: native.classCode.at, end: native.classCode.at };
}

/** Methods with decorators, of the class and of those it extends. */
function methodsOf(machine: Machine, native: ClassNative, ofClass: readonly Said[]): readonly Method[] {
  const found = new Map<string, Method>();
  for (const owner of lineageOf(native)) {
    for (const field of owner.classCode.fields) {
      if (found.has(field.name) || field.declared === undefined || field.value === undefined) continue;
      const said = saidOf(machine, owner.frame, field.declared);
      if (said.length === 0) continue;
      const { module } = owner.frame;
      const { at } = field.value;
      const place = { file: module.file, line: lineOf(module, at) };
      const count = field.value.kind === 'function' ? field.value.code.parameters.length : 0;
      const none: Declared = { decorators: [], type: 'unknown', typeClass: undefined };
      const parameters = field.parameters ?? Array.from({ length: count }, () => none);
      found.set(field.name, { native, owner, name: field.name, said, ofClass, parameters, at, ...place });
    }
  }
  return [...found.values()];
}

interface Address {
  readonly entryPoint: EntryPoint;
  readonly target: Target;
  readonly route: string;
  readonly method: string | undefined;
  readonly facts: readonly Fact[];
}

function* runMethod(machine: Machine, method: Method): Generator<EntryRun> {
  for (const address of [...routesOf(machine, method), ...callsOf(method)]) {
    const call = { ...callIn(machine, method.native), at: method.at, end: method.at };
    const { frame } = call;
    frame.facts = address.facts;
    machine.setStores(new Map());
    const name = distinctName(machine, address.entryPoint.name, method);
    const entryPoint = { ...address.entryPoint, name };
    runFound(call, entryPoint, inner => answer(inner, method, address));
    yield { entryPoint: { ...entryPoint, symbol: '' }, effects: frame.effects, results: [], facts: address.facts };
  }
}

/** The addresses that a method of a controller answers to. */
function routesOf(machine: Machine, method: Method): readonly Address[] {
  const app = nestApp(machine);
  const prefix = app.prefix.find(one => isSameApp(machine, one.file, method.file))?.path ?? '';
  const bases = method.ofClass.flatMap(said => (said.kind === 'controller' ? said.paths : []));
  const routes = method.said.flatMap(said => (said.kind === 'route' ? [said] : []));
  return bases.flatMap(base =>
    routes.flatMap(({ method: verb, paths }) =>
      paths.map((path): Address => {
        const route = joinRoute(joinRoute(joinRoute('', prefix), base), path);
        const label = `${verb ?? 'ANY'} ${route}`;
        const { file, line } = method;
        const entry = { kind: kindOfRoute(route), name: label, file, line, symbol: method.name, route };
        return {
          entryPoint: verb === undefined ? entry : { ...entry, method: verb },
          target: { id: `${file}:${method.at} ${label}`, type: 'http', handler: method.said, class: method.ofClass },
          route,
          method: verb,
          facts: [],
        };
      }),
    ),
  );
}

const kinds: Readonly<Record<CalledBy, { readonly kind: EntryPointKind; readonly type: Target['type'] }>> = {
  graphql: { kind: 'procedure', type: 'graphql' },
  socket: { kind: 'procedure', type: 'ws' },
  message: { kind: 'job', type: 'rpc' },
  schedule: { kind: 'cron', type: 'rpc' },
  job: { kind: 'job', type: 'rpc' },
};

/** Fields of a GraphQL schema, messages, schedules and jobs. */
function callsOf(method: Method): readonly Address[] {
  return method.said.flatMap((said): readonly Address[] => {
    if (said.kind !== 'called') return [];
    const { kind, type } = kinds[said.by];
    const { file, line, at } = method;
    const own = said.by === 'graphql' || said.by === 'schedule' ? method.name : (said.name ?? method.name);
    const name = `${said.by === 'graphql' ? 'graphql' : kind} ${own}`;
    // The app, or a service beside it, starts these; nobody from outside does.
    const isOwn = type === 'rpc';
    const facts: readonly Fact[] = isOwn
      ? [{ holds: { kind: 'system' }, place: { file, line }, label: 'the app starts it itself' }]
      : [];
    const target = { id: `${file}:${at} ${name}`, type, handler: method.said, class: method.ofClass };
    return [
      { entryPoint: { kind, name, file, line, symbol: method.name }, target, route: '', method: undefined, facts },
    ];
  });
}

/** Runs what comes before a method, in the order of Nest: middleware, guards of the app, of the class, of the method. */
function answer(call: Call, method: Method, address: Address): Value {
  const { machine, frame } = call;
  const { target, route } = address;
  const before = target.type === 'http' ? middlewareOf(machine, method, route) : [];
  const global = target.type === 'rpc' ? [] : nestApp(machine).guards;
  const guards = [
    ...global.filter(one => isSameApp(machine, one.file, method.file)).map(one => one.guard),
    ...[...method.ofClass, ...method.said].flatMap(said => (said.kind === 'guards' ? said.guards : [])),
  ];
  const around = target.type === 'rpc' ? [] : nestApp(machine).interceptors;
  const interceptors = [
    ...around.filter(one => isSameApp(machine, one.file, method.file)).map(one => one.interceptor),
    ...[...method.ofClass, ...method.said].flatMap(said => (said.kind === 'interceptors' ? said.interceptors : [])),
  ];
  const finish = (inner: Call, given: Value): void => {
    let context = contextValue(machine, target, given);
    for (const guard of guards) {
      const after = runGuard(inner, guard, context);
      if (after === undefined) return;
      context = after;
    }
    runInterceptors(inner, interceptors, target.id, context, (within, left) => {
      run(within, method, address, left);
    });
  };
  const request = nodeRequest({ method: address.method, parameters: parametersIn(route), route });
  runMiddleware(call, before, target.id, request, finish);
  return frame.dead ? bottom : undefinedValue;
}

function run(call: Call, method: Method, { target }: Address, context: Value): void {
  const { machine, frame, at, end } = call;
  const saved = { facts: frame.facts, effects: frame.effects };
  beginRequest(machine, requestIn(context));
  const instance = instanceOf(nativeValue(method.native), call);
  // What constructors do is no part of the request.
  frame.facts = saved.facts;
  frame.effects = saved.effects;
  const handler = instance?.kind === 'object' ? instance.fields.get(method.name) : undefined;
  if (handler === undefined || instance === undefined) {
    machine.gap(`The method '${method.name}' was not followed.`, method);
    return;
  }
  const values = argumentsFor(call, method.owner, method.parameters, { target, context });
  if (values === undefined) return;
  const returned = callValue(machine, frame, handler, values, { at, end, self: instance });
  if (frame.dead) return;
  const value = awaitValue(machine, frame, returned, at);
  if (!frame.dead) answered(call, value);
}

// Middleware -----------------------------------------------------------------------------------------------------------

function middlewareOf(machine: Machine, method: Method, route: string): readonly Value[] {
  return nestApp(machine)
    .middleware.filter(one => isSameApp(machine, one.file, method.file) && coversRoute(one, method, route))
    .flatMap(one => one.stages);
}

function coversRoute({ routes, excluded }: Middleware, method: Method, route: string): boolean {
  const matches = (pattern: string): boolean => {
    const plain = joinRoute('', pattern.replaceAll(/\(\.\*\)|\{\*\w+\}|\*\w+/g, '*'));
    return leadsTo(plain, route) || route.endsWith(plain);
  };
  if (excluded.some(matches)) return false;
  if (routes.length === 0) return true;
  return routes.some(one => {
    const text = textOf(fieldOf(one, 'path') ?? one);
    return text === undefined ? asClass(one)?.key === method.native.key : matches(text);
  });
}

function runMiddleware(
  call: Call,
  stages: readonly Value[],
  id: string,
  request: Value,
  finish: (call: Call, request: Value) => void,
): void {
  const step = (inner: Call, index: number, given: Value): void => {
    const written = stages[index];
    if (written === undefined) {
      finish(inner, given);
      return;
    }
    const stage = stageOf(inner, written);
    if (stage === undefined) {
      step(inner, index + 1, given);
      return;
    }
    const next = handlerValue('next', `nest next ${id} ${index} ${valueKey(given)}`, following => {
      const [error] = following.arguments;
      const held = requestHeld(following.frame) ?? given;
      if (error === undefined || isNodeRequest(error))
        asOwnCall(inner.machine, () => {
          eachRequest(following.frame, error ?? held, request => {
            step(following, index + 1, request);
          });
        });
      return undefinedValue;
    });
    const { machine, frame, at, end } = inner;
    const values = [given, responderValue(machine), next];
    const returned = callValue(machine, frame, stage.run, values, {
      at,
      end,
      ...(stage.self === undefined ? {} : { self: stage.self }),
    });
    if (!frame.dead) awaitValue(machine, frame, returned, at);
  };
  step(call, 0, request);
}

function requestHeld(frame: Frame): Value | undefined {
  for (let current: Frame | undefined = frame; current !== undefined; current = current.parent) {
    const [first] = current.code?.parameters ?? [];
    const value = first?.kind === 'name' ? current.vars.get(first.binding) : undefined;
    if (value !== undefined && isNodeRequest(value)) return value;
  }
  return undefined;
}

/** Guards of one app of a workspace do not guard another. */
function isSameApp(machine: Machine, left: string, right: string): boolean {
  const appOf = (file: string): string | undefined =>
    machine.source.apps
      .map(app => app.folder)
      .filter(folder => folder === '' || file.startsWith(`${folder}/`))
      .toSorted((one, other) => other.length - one.length)[0];
  const [one, other] = [appOf(left), appOf(right)];
  return one === undefined || other === undefined || one === other;
}

/** `createZodDto(schema)`: a class whose instances are what the schema makes of what was sent. */
const zodDto: Handler = ({ arguments: [schema = undefinedValue] }) => {
  const native = { name: 'zod class', key: `zod class ${valueKey(schema)}`, zodSchema: schema };
  return nativeValue(native);
};

/** NestJS: controllers, resolvers, gateways and handlers, behind their middleware and guards. */
export const nest: EntryAdapter = {
  handlers: {
    ...decoratorHandlers,
    ...providerHandlers,
    '@nestjs/core#new Reflector': reflector,
    '@nestjs/graphql#GqlExecutionContext.create': sameContext,
    '@nestjs/passport#AuthGuard': passportGuard,
    'nestjs-zod#createZodDto': zodDto,
    'nestjs-zod/dto#createZodDto': zodDto,
  },
  find: machine => [{ turn: 'server', run: () => runNest(machine) }],
};
