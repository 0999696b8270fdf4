import type { Declared, Expression } from '../../../../collect/source/ir.ts';
import { handlerValue } from '../../calls.ts';
import type { ClassNative } from '../../classes.ts';
import { decoratorOf } from '../decorated.ts';
import { valueKey } from '../../keys.ts';
import { nativeValue, type Frame, type Handler, type Machine, type NativeValue } from '../../machine.ts';
import { undefinedValue, type Value } from '../../value.ts';

/** What a decorator of Nest says of what it stands before. */
export type Said =
  | { readonly kind: 'controller'; readonly paths: readonly string[] }
  | { readonly kind: 'resolver' }
  | { readonly kind: 'route'; readonly method: string | undefined; readonly paths: readonly string[] }
  /** A field of a GraphQL schema, a message, a schedule, a job: what runs it, and under which name. */
  | { readonly kind: 'called'; readonly by: CalledBy; readonly name: string | undefined }
  | { readonly kind: 'guards'; readonly guards: readonly Value[] }
  | { readonly kind: 'interceptors'; readonly interceptors: readonly Value[] }
  | { readonly kind: 'metadata'; readonly key: string; readonly value: Value }
  | { readonly kind: 'parameter'; readonly part: string; readonly arguments: readonly Value[] }
  | { readonly kind: 'own-parameter'; readonly factory: Value; readonly data: Value }
  | { readonly kind: 'module'; readonly definition: Value };

/** Who runs a method that is no route. */
export type CalledBy = 'graphql' | 'message' | 'socket' | 'schedule' | 'job';

interface DecoratorNative extends NativeValue {
  readonly said: readonly Said[];
}

function decorator(name: string, said: readonly Said[], values: readonly Value[]): Value {
  const native: DecoratorNative = {
    name: 'nest decorator',
    key: `nest ${name} ${values.map(value => valueKey(value)).join(',')}`,
    said,
    inside: [],
  };
  return nativeValue(native);
}

/** What decorators say, the app's own ones included where they are made of Nest's. */
export function saidBy(machine: Machine, frame: Frame, decorators: readonly Expression[]): readonly Said[] {
  return decorators.flatMap(expression => {
    const { value, made } = decoratorOf(machine, frame, expression);
    return saidIn(made).length === 0 ? saidIn(value) : saidIn(made);
  });
}

/** The same for the decorators of a field, a method or a parameter. */
export function saidOf(machine: Machine, frame: Frame, declared: Declared | undefined): readonly Said[] {
  return declared === undefined ? [] : saidBy(machine, frame, declared.decorators);
}

/** What decorators say of a class. */
export function saidOfClass(machine: Machine, native: ClassNative): readonly Said[] {
  return saidBy(machine, native.frame, native.classCode.decorators ?? []);
}

function saidIn(value: Value): readonly Said[] {
  return value.kind === 'native' && 'said' in value.native ? (value.native as DecoratorNative).said : [];
}

/** A text, if the value is one. */
export function textOf(value: Value | undefined): string | undefined {
  return value?.kind === 'constant' && typeof value.value === 'string' ? value.value : undefined;
}

/** A field of an object. */
export function fieldOf(value: Value | undefined, name: string): Value | undefined {
  return value?.kind === 'object' ? value.fields.get(name) : undefined;
}

/** The items of a list, of lists inside it too. */
export function flat(value: Value | undefined): readonly Value[] {
  if (value === undefined) return [];
  return value.kind === 'array' ? value.items.flatMap(flat) : [value];
}

function pathsOf(value: Value | undefined): readonly string[] {
  const paths = flat(fieldOf(value, 'path') ?? value).flatMap(item => textOf(item) ?? []);
  return paths.length === 0 ? [''] : paths;
}

const says =
  (name: string, say: (values: readonly Value[]) => readonly Said[]): Handler =>
  ({ arguments: values }) =>
    decorator(name, say(values), values);

function route(name: string, method: string | undefined): Handler {
  return says(name, ([path]) => [{ kind: 'route', method, paths: pathsOf(path) }]);
}

function parameter(part: string): Handler {
  return says(`parameter ${part}`, values => [{ kind: 'parameter', part, arguments: values }]);
}

function called(name: string, by: CalledBy): Handler {
  return says(name, values => {
    const named = values.flatMap(value => textOf(value) ?? textOf(fieldOf(value, 'name')) ?? []);
    return [{ kind: 'called', by, name: named[0] }];
  });
}

function metadata(key: string, value: Value): Said {
  return { kind: 'metadata', key, value };
}

/** The name under which metadata is kept. */
export function metadataKey(value: Value | undefined): string {
  return value === undefined ? '' : valueKey(value);
}

/** `createParamDecorator((data, context) => …)`. */
const ownParameter: Handler = ({ arguments: [factory = undefinedValue] }) =>
  handlerValue('parameter decorator', `nest parameter ${valueKey(factory)}`, call => {
    const [data = undefinedValue] = call.arguments;
    return decorator(`own parameter ${valueKey(factory)}`, [{ kind: 'own-parameter', factory, data }], [data]);
  });

/** `Reflector.createDecorator()`: a decorator that is its own key. */
const keyed: Handler = outer => {
  const place = outer.machine.place(outer.frame, outer.at);
  const key = `nest metadata ${place.file}:${outer.at}`;
  return handlerValue('metadata decorator', key, call => {
    const [value = undefinedValue] = call.arguments;
    return decorator(key, [metadata(key, value)], [value]);
  });
};

const composed: Handler = ({ arguments: values }) =>
  decorator('composed', values.flatMap(flat).flatMap(saidIn), values.flatMap(flat));

const common: Readonly<Record<string, Handler>> = {
  Controller: says('controller', ([path]) => [{ kind: 'controller', paths: pathsOf(path) }]),
  Get: route('get', 'GET'),
  Post: route('post', 'POST'),
  Put: route('put', 'PUT'),
  Patch: route('patch', 'PATCH'),
  Delete: route('delete', 'DELETE'),
  Head: route('head', 'HEAD'),
  Options: route('options', 'OPTIONS'),
  All: route('all', undefined),
  Sse: route('sse', 'GET'),
  UseGuards: says('guards', values => [{ kind: 'guards', guards: values.flatMap(flat) }]),
  UseInterceptors: says('interceptors', values => [{ kind: 'interceptors', interceptors: values.flatMap(flat) }]),
  SetMetadata: says('metadata', ([key, value]) => [metadata(metadataKey(key), value ?? undefinedValue)]),
  Module: says('module', ([definition]) => [{ kind: 'module', definition: definition ?? undefinedValue }]),
  createParamDecorator: ownParameter,
  applyDecorators: composed,
  Param: parameter('params'),
  Body: parameter('body'),
  RawBody: parameter('body'),
  Query: parameter('query'),
  Headers: parameter('header'),
  Req: parameter('request'),
  Request: parameter('request'),
  Res: parameter('response'),
  Response: parameter('response'),
  Session: parameter('session'),
  Ip: parameter('ip'),
  HostParam: parameter('host'),
  UploadedFile: parameter('file'),
  UploadedFiles: parameter('file'),
};

const graphql: Readonly<Record<string, Handler>> = {
  Resolver: says('resolver', () => [{ kind: 'resolver' }]),
  Query: called('query', 'graphql'),
  Mutation: called('mutation', 'graphql'),
  Subscription: called('subscription', 'graphql'),
  ResolveField: called('field', 'graphql'),
  Args: parameter('args'),
  Context: parameter('graphql-context'),
  Parent: parameter('parent'),
};

function ofPackage(name: string, handlers: Readonly<Record<string, Handler>>): Readonly<Record<string, Handler>> {
  return Object.fromEntries(Object.entries(handlers).map(([path, handler]) => [`${name}#${path}`, handler]));
}

/** Decorators of Nest and of the packages beside it. */
export const decoratorHandlers: Readonly<Record<string, Handler>> = {
  ...ofPackage('@nestjs/common', common),
  ...ofPackage('@nestjs/graphql', graphql),
  '@nestjs/core#Reflector.createDecorator': keyed,
  ...ofPackage('@nestjs/microservices', {
    MessagePattern: called('message', 'message'),
    EventPattern: called('event', 'message'),
    Payload: parameter('payload'),
    Ctx: parameter('unknown'),
  }),
  ...ofPackage('@nestjs/websockets', {
    WebSocketGateway: says('gateway', () => [{ kind: 'resolver' }]),
    SubscribeMessage: called('socket', 'socket'),
    MessageBody: parameter('body'),
    ConnectedSocket: parameter('unknown'),
  }),
  ...ofPackage('@nestjs/schedule', {
    Cron: called('cron', 'schedule'),
    Interval: called('interval', 'schedule'),
    Timeout: called('timeout', 'schedule'),
  }),
  '@nestjs/event-emitter#OnEvent': called('event', 'job'),
  '@nestjs/bull#Process': called('job', 'job'),
};
