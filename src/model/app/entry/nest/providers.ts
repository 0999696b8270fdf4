import { callValue } from '../../calls.ts';
import { asClass, provided, providersOf, type ClassNative, type Provider } from '../../classes.ts';
import { awaitValue, instanceOf } from '../../expressions.ts';
import { claimsValue, signedIn } from '../../library/identity/principal.ts';
import { valueKey } from '../../keys.ts';
import { nativeValue, type Call, type Handler, type Machine } from '../../machine.ts';
import { isBottom } from '../../operations.ts';
import { constant, objectOf, present, undefinedValue, type Value } from '../../value.ts';
import { fieldOf, flat, textOf, type Said } from './decorators.ts';

/** What is told once for a whole app of Nest. */
export interface NestApp {
  /** Guards of every route, each with the file that binds it. */
  readonly guards: { readonly guard: Value; readonly file: string }[];
  /** Interceptors of every route, likewise. */
  readonly interceptors: { readonly interceptor: Value; readonly file: string }[];
  readonly middleware: Middleware[];
  prefix: { readonly path: string; readonly file: string }[];
}

/** `consumer.apply(…).exclude(…).forRoutes(…)`. */
export interface Middleware {
  readonly stages: readonly Value[];
  readonly excluded: readonly string[];
  readonly routes: readonly Value[];
  readonly file: string;
}

/** What was told so far. */
export function nestApp(machine: Machine): NestApp {
  return machine.remember('nest app', (): NestApp => ({ guards: [], interceptors: [], middleware: [], prefix: [] }));
}

/** Reads a module: what it provides under tokens, the guards it binds for all, the middleware it configures. */
export function readModule(call: Call, native: ClassNative, said: readonly Said[]): void {
  for (const one of said) {
    if (one.kind !== 'module') continue;
    for (const item of flat(fieldOf(one.definition, 'providers'))) readProvider(call, native, item);
  }
  const self = said.some(one => one.kind === 'module') ? native.classCode.fields : [];
  if (!self.some(field => field.name === 'configure')) return;
  const instance = instanceOf(nativeValue(native), call);
  const configure = instance?.kind === 'object' ? instance.fields.get('configure') : undefined;
  if (configure === undefined || instance === undefined) return;
  const { machine, frame, at, end } = call;
  const before = frame.save();
  callValue(machine, frame, configure, [consumer(native.frame.module.file, [], [])], { at, end, self: instance });
  frame.restore(before);
}

function readProvider(call: Call, native: ClassNative, item: Value): void {
  if (item.kind !== 'object') return;
  const token = item.fields.get('provide');
  if (token === undefined) return;
  const provider = providerOf(item.fields);
  const global = token.kind === 'external' && token.library === '@nestjs/core' ? token.path : '';
  if (global !== 'APP_GUARD' && global !== 'APP_INTERCEPTOR') {
    if (provider !== undefined) providersOf(call.machine).set(valueKey(token), provider);
    return;
  }
  const bound = item.fields.get('useClass') ?? item.fields.get('useExisting') ?? provider?.(call);
  const { file } = native.frame.module;
  const app = nestApp(call.machine);
  if (bound !== undefined && global === 'APP_GUARD') app.guards.push({ guard: bound, file });
  else if (bound !== undefined) app.interceptors.push({ interceptor: bound, file });
}

/** Services of the app that are made for each request hold it. */
export function isPerRequest(machine: Machine): boolean {
  return machine.remember(
    'nest services of a request',
    () => machine.source.filesThat(/@Inject\(\s*(?:REQUEST|CONTEXT|INQUIRER)\s*\)/).length > 0,
  );
}

/** The request that is being answered: what is made for it is made anew. */
export function beginRequest(machine: Machine, request: Value | undefined): void {
  if (request === undefined || !isPerRequest(machine)) return;
  machine.memory.set(currentRequest, request);
  machine.memory.delete('instances of a container');
}

const currentRequest = 'nest request';

function ofRequest({ machine }: Call, token: Value): Value | undefined {
  if (token.kind !== 'external') return undefined;
  const request = machine.memory.get(currentRequest) as Value | undefined;
  if (request === undefined) return undefined;
  if (token.library === '@nestjs/core' && token.path === 'REQUEST') return request;
  return token.library === '@nestjs/graphql' && token.path === 'CONTEXT'
    ? objectOf({ req: request, request })
    : undefined;
}

function providerOf(fields: ReadonlyMap<string, Value>): Provider | undefined {
  const value = fields.get('useValue');
  if (value !== undefined) return () => value;
  const type = fields.get('useClass');
  if (type !== undefined) return call => instanceOf(type, call);
  const existing = fields.get('useExisting');
  if (existing !== undefined) return call => provided(call, existing) ?? instanceOf(existing, call);
  const factory = fields.get('useFactory');
  if (factory === undefined) return undefined;
  const inject = flat(fields.get('inject'));
  return call => {
    const { machine, frame, at, end } = call;
    const values = inject.map(token => resolved(call, fieldOf(token, 'token') ?? token));
    const before = frame.save();
    const returned = callValue(machine, frame, factory, values, { at, end });
    const made = frame.dead || isBottom(returned) ? undefined : awaitValue(machine, frame, returned, at);
    frame.restore(before);
    return made;
  };
}

function resolved(call: Call, token: Value): Value {
  const made = ofRequest(call, token) ?? provided(call, token) ?? instanceOf(token, call);
  if (made !== undefined) return made;
  const library = token.kind === 'external' ? `${token.library ?? ''}#new ${token.path}` : '';
  return (
    call.machine.handlers.get(library)?.({ ...call, arguments: [] }) ??
    call.machine.opaque(call.frame, call.at, 'what a container gives')
  );
}

function consumer(file: string, stages: readonly Value[], excluded: readonly string[]): Value {
  return nativeValue({
    name: 'middleware consumer',
    key: `nest consumer ${file} ${stages.map(stage => valueKey(stage)).join(',')} ${excluded.join(',')}`,
    method: (name, call) => {
      if (name === 'apply') return consumer(file, call.arguments.flatMap(flat), []);
      const paths = call.arguments.flatMap(flat).flatMap(value => textOf(fieldOf(value, 'path') ?? value) ?? []);
      if (name === 'exclude') return consumer(file, stages, [...excluded, ...paths]);
      if (name !== 'forRoutes') return undefined;
      const routes = call.arguments.flatMap(flat);
      nestApp(call.machine).middleware.push({ stages, excluded, routes, file });
      return consumer(file, [], []);
    },
  });
}

/** A stage of middleware: a function, or a class whose `use` is one. */
export function stageOf(
  call: Call,
  stage: Value,
): { readonly run: Value; readonly self: Value | undefined } | undefined {
  if (asClass(stage) === undefined)
    return stage.kind === 'function' || stage.kind === 'native' ? { run: stage, self: undefined } : undefined;
  const instance = instanceOf(stage, call);
  const run = instance?.kind === 'object' ? instance.fields.get('use') : undefined;
  return run === undefined || instance === undefined ? undefined : { run, self: instance };
}

/** `@Inject(token)`: what the container gives. */
const inject: Handler = call => {
  const [token] = call.arguments;
  return token === undefined ? undefinedValue : resolved(call, token);
};

const forwardRef: Handler = ({ machine, frame, arguments: [reference = undefinedValue], at, end }) =>
  callValue(machine, frame, reference, [], { at, end });

const jwtService: Handler = () =>
  nativeValue({
    name: 'jwt service',
    key: 'nest jwt service',
    method: (name, call) => {
      switch (name) {
        case 'verify':
          call.frame.learn([signedIn(call)]);
          return claimsValue();
        case 'verifyAsync':
          return { kind: 'promise', value: claimsValue(), facts: [signedIn(call)] };
        case 'decode':
          return present({ kind: 'client', path: 'token' });
        default:
          return undefined;
      }
    },
  });

const configService: Handler = () =>
  nativeValue({
    name: 'configuration',
    key: 'nest configuration',
    method: (name, call) => {
      const [key] = call.arguments;
      if (name !== 'get' && name !== 'getOrThrow') return undefined;
      return {
        kind: 'term',
        term: { kind: 'environment', name: textOf(key) ?? '*' },
        maybeUndefined: name === 'get',
      };
    },
  });

/** `ClsService` of nestjs-cls: what is set under a name is there for the rest of the request. */
const clsService: Handler = () =>
  nativeValue({
    name: 'continuation store',
    key: 'nest continuation store',
    method: (name, call) => {
      const { machine, frame, at } = call;
      const [key, value = undefinedValue] = call.arguments;
      const slot = `nest store ${textOf(key) ?? ''}`;
      if (name === 'set') {
        machine.setStores(new Map([...machine.stores, [slot, value]]));
        return undefinedValue;
      }
      if (name !== 'get') return undefined;
      return machine.stores.get(slot) ?? machine.opaque(frame, at, 'what the store of the request holds');
    },
  });

/** `app.useGlobalGuards(…)`, `app.setGlobalPrefix(…)` of what `NestFactory.create` gives. */
const globalGuards: Handler = call => {
  for (const guard of call.arguments) nestApp(call.machine).guards.push({ guard, file: call.frame.module.file });
  return undefinedValue;
};
const globalInterceptors: Handler = call => {
  for (const interceptor of call.arguments)
    nestApp(call.machine).interceptors.push({ interceptor, file: call.frame.module.file });
  return undefinedValue;
};
const globalPrefix: Handler = call => {
  const path = textOf(call.arguments[0]);
  if (path !== undefined) nestApp(call.machine).prefix.push({ path, file: call.frame.module.file });
  return undefinedValue;
};
const globalMiddleware: Handler = call => {
  const [first] = call.arguments;
  const paths = flat(first).flatMap(value => textOf(value) ?? []);
  const stages = call.arguments.slice(paths.length > 0 ? 1 : 0).flatMap(flat);
  const routes = paths.flatMap((path): Value[] => [constant(path), constant(`${path}/*`)]);
  nestApp(call.machine).middleware.push({ stages, excluded: [], routes, file: call.frame.module.file });
  return undefinedValue;
};

/** Injection, and services of Nest's own packages. */
export const providerHandlers: Readonly<Record<string, Handler>> = {
  '@nestjs/common#Inject': inject,
  '@nestjs/common#forwardRef': forwardRef,
  '@nestjs/jwt#new JwtService': jwtService,
  '@nestjs/config#new ConfigService': configService,
  'nestjs-cls#new ClsService': clsService,
  '@nestjs/core#NestFactory.create.useGlobalGuards': globalGuards,
  '@nestjs/core#NestFactory.create.useGlobalInterceptors': globalInterceptors,
  '@nestjs/core#NestFactory.create.setGlobalPrefix': globalPrefix,
  '@nestjs/core#NestFactory.create.use': globalMiddleware,
};
