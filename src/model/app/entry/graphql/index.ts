import { isProgram } from '../../../../collect/source/files.ts';
import { handlerValue } from '../../calls.ts';
import { evaluateModule, moduleFrame } from '../../expressions.ts';
import { platformRequest } from '../../library/requests.ts';
import { valueKey } from '../../keys.ts';
import { Frame, nativeValue, type Call, type Handler, type Machine, type NativeValue } from '../../machine.ts';
import { isBottom } from '../../operations.ts';
import type { EntryRun } from '../../paths.ts';
import { objectOf, undefinedValue, type Value } from '../../value.ts';
import type { EntryAdapter } from '../adapter.ts';
import { mergeContext } from '../context.ts';
import { contextFrom } from '../trpc/mounts.ts';
import { newBuilder, tellsBuilder } from './pothos.ts';
import { shieldHandlers } from './requirements.ts';
import { guardedSchema, resolversSchema, schemaOf, schemaValue, serve, type Schema } from './schema.ts';

function fieldOf(value: Value | undefined, name: string): Value | undefined {
  return value?.kind === 'object' ? value.fields.get(name) : undefined;
}

/** A schema, or the resolvers of one, in the options of whatever serves it. */
function schemaIn(call: Call, options: Value | undefined): Schema | undefined {
  const known = schemaOf(fieldOf(options, 'schema')) ?? schemaOf(options);
  const resolvers = fieldOf(options, 'resolvers');
  return known ?? (resolvers === undefined ? undefined : resolversSchema(call, resolvers));
}

const makesSchema: Handler = call => {
  const [options] = call.arguments;
  const parts = options?.kind === 'array' ? objectOf({ resolvers: allResolvers(options.items) }) : options;
  const schema = schemaIn(call, parts);
  return schema === undefined ? call.machine.opaque(call.frame, call.at, 'a schema') : schemaValue(schema);
};

function allResolvers(parts: readonly Value[]): Value {
  return { kind: 'array', items: parts.flatMap(part => fieldOf(part, 'resolvers') ?? []) };
}

/** `applyMiddleware(schema, permissions)`. */
const behind: Handler = ({ arguments: [given = undefinedValue, ...middlewares] }) => {
  const schema = schemaOf(given);
  return schema === undefined ? given : schemaValue(guardedSchema(schema, middlewares));
};

/** Plug-ins of a server that put middleware around its schema. */
function withPlugins(schema: Schema, plugins: Value | undefined): Schema {
  const items = plugins?.kind === 'array' ? plugins.items : [];
  const middlewares = items.flatMap(plugin => {
    const given = fieldOf(plugin, 'middlewares');
    return given?.kind === 'array' ? given.items : [];
  });
  return middlewares.length === 0 ? schema : guardedSchema(schema, middlewares);
}

const first: Handler = ({ arguments: [value = undefinedValue] }) => value;

// Servers --------------------------------------------------------------------------------------------------------------

/** What makes the context of a request, and what it is given. */
interface Context {
  readonly create: Value | undefined;
  readonly given: readonly Value[];
  /** What the server puts into every context. */
  readonly always?: Value;
}

/** Makes the context of a request and runs what the request may ask for. */
function answer(call: Call, schema: Schema, { create, given, always }: Context): Value {
  const { machine, frame, at, end } = call;
  machine.remember('graphql schemas that ran', () => new Set<string>()).add(schema.key);
  const before = frame.save();
  const [only] = given;
  const made = create?.kind === 'object' ? create : contextFrom(call, create, only === undefined ? [] : given);
  if (!isBottom(made) && !frame.dead) serve(call, schema, always === undefined ? made : mergeContext(always, made));
  frame.restore(before);
  const place = machine.place(frame, at, end);
  const body = undefinedValue;
  return { kind: 'promise', value: { kind: 'response', status: 200, headers: undefinedValue, body, place }, facts: [] };
}

/** `createYoga({ schema, context })`: called with a request, by itself or by one of its methods. */
const yoga: Handler = outer => {
  const [options] = outer.arguments;
  const plain = schemaIn(outer, options);
  if (plain === undefined) return outer.machine.opaque(outer.frame, outer.at, 'a server of GraphQL');
  const schema = withPlugins(plain, fieldOf(options, 'plugins'));
  noteServer(outer, schema);
  const create = fieldOf(options, 'context');
  const handle = handlerValue('yoga', `yoga ${schema.key}`, call => {
    const [request = platformRequest(undefined), ...others] = call.arguments;
    const initial = objectOf({ request, req: request, res: others[0] ?? undefinedValue, params: objectOf({}) });
    return answer(call, schema, { create, given: [initial], always: initial });
  });
  const native: NativeValue = {
    name: 'yoga',
    key: `yoga server ${schema.key}`,
    invoke: call =>
      handle.kind === 'native' ? ((handle.native as NativeValue).invoke?.(call) ?? undefinedValue) : undefinedValue,
    member: name =>
      /^(?:handle|fetch|handleRequest|handleNodeRequest|requestListener)$/.test(name) ? handle : undefined,
  };
  return nativeValue(native);
};

interface ServerNative extends NativeValue {
  readonly served: Schema;
  readonly context: Value | undefined;
}

/** `new ApolloServer({ typeDefs, resolvers })`; earlier editions make the context here. */
const apollo: Handler = call => {
  const [options] = call.arguments;
  const schema = schemaIn(call, options);
  if (schema === undefined) return call.machine.opaque(call.frame, call.at, 'a server of GraphQL');
  noteServer(call, schema);
  const context = fieldOf(options, 'context');
  const later = (name: string): Value =>
    mounted(schema, context, ([req, res]) => [objectOf({ req, res: res ?? undefinedValue })], name);
  const native: ServerNative = {
    name: 'apollo server',
    key: `apollo ${schema.key}`,
    served: schema,
    context,
    method: name =>
      /^(?:createHandler|getMiddleware)$/.test(name)
        ? later(name)
        : { kind: 'promise', value: undefinedValue, facts: [] },
  };
  return nativeValue(native);
};

type Given = (values: readonly [Value, Value | undefined]) => readonly Value[];

function mounted(schema: Schema, create: Value | undefined, given: Given, name: string): Value {
  const key = `graphql ${name} ${schema.key} ${create === undefined ? '' : valueKey(create)}`;
  return handlerValue('graphql handler', key, call => {
    const [request = platformRequest(undefined), response] = call.arguments;
    return answer(call, schema, { create, given: given([request, response]) });
  });
}

/** A function that serves a server of Apollo: `given` is what its context function gets. */
function serves(name: string, given: Given): Handler {
  return ({ arguments: [server, options] }) => {
    const native = server?.kind === 'native' && 'served' in server.native ? (server.native as ServerNative) : undefined;
    if (native === undefined) return undefinedValue;
    return mounted(native.served, fieldOf(options, 'context') ?? native.context, given, name);
  };
}

const asPair: Given = ([req, res]) => (res === undefined ? [req] : [req, res]);
const asObject: Given = ([req, res]) => [objectOf({ req, res: res ?? undefinedValue })];

/** `startStandaloneServer(server, { context })`: serves by itself. */
const standalone: Handler = call => {
  const handler = serves('standalone', asObject)(call);
  if (handler.kind === 'native') later(call.machine).push({ handler, file: call.frame.module.file });
  return { kind: 'promise', value: objectOf({ url: undefinedValue }), facts: [] };
};

/** `graphqlHTTP({ schema, context })`, `createHandler({ schema, context })`. */
const http: Handler = call => {
  const [options] = call.arguments;
  const schema = schemaIn(call, options);
  if (schema === undefined) return call.machine.opaque(call.frame, call.at, 'a handler of GraphQL');
  noteServer(call, schema);
  return mounted(schema, fieldOf(options, 'context'), asPair, 'http');
};

// Runs -----------------------------------------------------------------------------------------------------------------

interface Known {
  readonly schema: Schema;
  readonly file: string;
}

function serversOf(machine: Machine): Map<string, Known> {
  return machine.remember('graphql servers', () => new Map<string, Known>());
}

/** Remembers a schema: one that nothing is seen to serve runs all the same. */
export function noteServer(call: Call, schema: Schema): void {
  serversOf(call.machine).set(schema.key, { schema, file: call.frame.module.file });
}

function later(machine: Machine): { readonly handler: Value; readonly file: string }[] {
  return machine.remember('graphql servers that stand alone', () => []);
}

const libraries =
  /['"](?:graphql-yoga|@apollo\/server|@pothos\/core|graphql-http|express-graphql|apollo-server[\w-]*|@graphql-tools\/\w+)/;

/** Fields are told to a builder by files that are imported for nothing else: they run before anything is served. */
function tellBuilders(machine: Machine): void {
  const paths = machine.source.paths.filter(path => isProgram(path));
  if (!paths.some(path => (machine.source.text(path) ?? '').includes('@pothos/core'))) return;
  for (const path of paths) {
    const module = tellsBuilder(machine, path) ? machine.source.module(path) : undefined;
    if (module !== undefined) evaluateModule(machine, module);
  }
}

/** Servers that no file of Next.js and no other server mounts. */
function* runServers(machine: Machine): Generator<EntryRun> {
  for (const path of machine.source.paths) {
    if (!isProgram(path) || !libraries.test(machine.source.text(path) ?? '')) continue;
    const module = machine.source.module(path);
    if (module !== undefined) evaluateModule(machine, module);
  }
  for (const { handler, file } of later(machine))
    yield* runIn(machine, file, call => {
      const native = handler.kind === 'native' ? (handler.native as NativeValue) : undefined;
      native?.invoke?.({ ...call, arguments: [platformRequest(undefined)] });
    });
  const ran = machine.remember('graphql schemas that ran', () => new Set<string>());
  for (const { schema, file } of serversOf(machine).values()) {
    if (ran.has(schema.key)) continue;
    yield* runIn(machine, file, call =>
      serve(call, schema, machine.opaque(call.frame, 0, 'the context of a schema that nothing was seen to serve')),
    );
  }
}

function* runIn(machine: Machine, file: string, work: (call: Call) => void): Generator<EntryRun> {
  const module = machine.source.module(file);
  if (module === undefined) return;
  const frame = new Frame(module, undefined, moduleFrame(machine, module), undefinedValue);
  work({ machine, frame, arguments: [], at: 0, end: 0 });
  const entryPoint = { kind: 'procedure', name: 'graphql', file, line: 1, symbol: '' } as const;
  yield { entryPoint, effects: frame.effects, results: [], facts: frame.facts };
}

/** GraphQL: resolvers of Yoga, Apollo and Pothos, with the context that the server makes of a request. */
export const graphql: EntryAdapter = {
  handlers: {
    'graphql-yoga#createYoga': yoga,
    'graphql-yoga#createSchema': makesSchema,
    '@graphql-tools/schema#makeExecutableSchema': makesSchema,
    '@graphql-tools/schema#mergeSchemas': makesSchema,
    '@graphql-tools/merge#mergeResolvers': first,
    '@apollo/subgraph#buildSubgraphSchema': makesSchema,
    'graphql-middleware#applyMiddleware': behind,
    '@envelop/graphql-middleware#useGraphQLMiddleware': ({ arguments: [middlewares] }) =>
      objectOf({ middlewares: middlewares ?? undefinedValue }),
    ...shieldHandlers,
    '@apollo/server#new ApolloServer': apollo,
    'apollo-server-micro#new ApolloServer': apollo,
    'apollo-server-express#new ApolloServer': apollo,
    'apollo-server#new ApolloServer': apollo,
    '@as-integrations/next#startServerAndCreateNextHandler': serves('next', asPair),
    '@apollo/server/express4#expressMiddleware': serves('express', asObject),
    '@as-integrations/express4#expressMiddleware': serves('express', asObject),
    '@as-integrations/express5#expressMiddleware': serves('express', asObject),
    '@as-integrations/fastify#fastifyApolloHandler': serves('fastify', asPair),
    '@apollo/server/standalone#startStandaloneServer': standalone,
    'express-graphql#graphqlHTTP': http,
    'graphql-http/lib/use/express#createHandler': http,
    'graphql-http/lib/use/fetch#createHandler': http,
    '@pothos/core#new core': newBuilder,
    '@pothos/core#new SchemaBuilder': newBuilder,
  },
  find: machine => {
    tellBuilders(machine);
    return [{ turn: 'rest', run: () => runServers(machine) }];
  },
};
