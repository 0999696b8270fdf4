import { isProgram } from '../../../../collect/source/files.ts';
import { callAndSee } from '../../after-call.ts';
import { callValue, handlerValue } from '../../calls.ts';
import { awaitValue, evaluateModule } from '../../expressions.ts';
import { valueKey } from '../../keys.ts';
import { nativeValue, type Call, type Handler, type Machine } from '../../machine.ts';
import { assume, isBottom } from '../../operations.ts';
import type { EntryRun } from '../../paths.ts';
import { clientValue } from '../../library/platform.ts';
import { principal, signedIn, userValue } from '../../library/identity/principal.ts';
import { applySchema } from '../../library/zod.ts';
import { constant, objectOf, present, undefinedValue, type Value } from '../../value.ts';
import type { EntryAdapter } from '../adapter.ts';
import { newRegistry, serverOf, type Registry, type ServerNative } from '../server/registry.ts';
import { runMakers } from '../server/makers.ts';
import { joinRoute } from '../server/route-path.ts';
import { runServers } from '../server/run.ts';
import { contextValue, pathOfTarget, stateOf } from './context.ts';
import { runStages } from './stages.ts';

const methods: ReadonlySet<string> = new Set(['get', 'post', 'put', 'patch', 'delete', 'options', 'head']);

function appValue(registry: Registry, base: string, id: string): Value {
  const native: ServerNative = {
    name: 'hono app',
    key: `hono app ${id} ${base}`,
    registry,
    base,
    member: name => ({ kind: 'external', library: 'hono', path: name, arguments: [] }),
    method: (name, call) => registered(native, name, call) ?? nativeValue(native),
  };
  return nativeValue(native);
}

/** What a call of a method tells the server; absent when the call only changes how errors or documents look. */
function registered(app: ServerNative, name: string, call: Call): Value | undefined {
  const { registry, base } = app;
  const place = call.machine.place(call.frame, call.at);
  const [first, second] = call.arguments;
  if (name === 'basePath') return appValue(registry, joinRoute(base, textOf(first) ?? ''), app.key);
  if (name === 'route') {
    const mounted = serverOf(second);
    if (mounted === undefined) return undefined;
    mounted.registry.mounted = true;
    registry.registrations.push({
      kind: 'mount',
      path: joinRoute(base, joinRoute(textOf(first) ?? '', '')),
      server: mounted.registry,
    });
  } else if (name === 'use') {
    const path = textOf(first);
    const stages = path === undefined ? call.arguments : call.arguments.slice(1);
    registry.registrations.push({ kind: 'before', path: joinRoute(base, path ?? '*'), stages, place });
  } else if (name === 'mount' && second !== undefined) {
    const path = joinRoute(base, `${textOf(first) ?? ''}/*`);
    registry.registrations.push({ kind: 'answer', methods: undefined, path, stages: [mountedValue(second)], place });
  } else if (name === 'openapi') {
    const described = describedRoute(first);
    if (described === undefined || second === undefined) return undefined;
    const path = joinRoute(base, described.path);
    registry.registrations.push({
      kind: 'answer',
      methods: [described.method],
      path,
      stages: [...described.stages, second],
      place,
    });
  } else if (name === 'on') {
    for (const path of textsOf(second))
      registry.registrations.push({
        kind: 'answer',
        methods: textsOf(first).map(method => method.toUpperCase()),
        path: joinRoute(base, path),
        stages: call.arguments.slice(2),
        place,
      });
  } else if (name === 'all' || methods.has(name)) {
    const paths = textsOf(first);
    const stages = paths.length === 0 ? call.arguments : call.arguments.slice(1);
    for (const path of paths.length === 0 ? [''] : paths)
      registry.registrations.push({
        kind: 'answer',
        methods: name === 'all' ? undefined : [name.toUpperCase()],
        path: joinRoute(base, path),
        stages,
        place,
      });
  }
  return undefined;
}

/** A handler of plain requests below a path. */
function mountedValue(handler: Value): Value {
  return handlerValue('mounted', `mounted ${valueKey(handler)}`, call => {
    const { machine, frame, arguments: values, at, end } = call;
    const request = values[0]?.kind === 'native' ? values[0].native : undefined;
    const raw = (request as ServerNative | undefined)?.member?.('req', call);
    const plain = raw?.kind === 'native' ? (raw.native as ServerNative).member?.('raw', call) : undefined;
    return callValue(machine, frame, handler, [plain ?? undefinedValue], { at, end });
  });
}

function textOf(value: Value | undefined): string | undefined {
  return value?.kind === 'constant' && typeof value.value === 'string' ? value.value : undefined;
}

function textsOf(value: Value | undefined): readonly string[] {
  const one = textOf(value);
  if (one !== undefined) return [one];
  return value?.kind === 'array' ? value.items.flatMap(item => textOf(item) ?? []) : [];
}

// Descriptions and validators ------------------------------------------------------------------------------------------

/** `createRoute({ method, path, request, middleware })`. */
function describedRoute(
  value: Value | undefined,
): { readonly method: string; readonly path: string; readonly stages: readonly Value[] } | undefined {
  if (value?.kind !== 'object') return undefined;
  const method = textOf(value.fields.get('method'));
  const path = textOf(value.fields.get('path'));
  if (method === undefined || path === undefined) return undefined;
  const middleware = value.fields.get('middleware');
  const before = middleware === undefined ? [] : middleware.kind === 'array' ? middleware.items : [middleware];
  return { method: method.toUpperCase(), path, stages: [...before, ...requestSchemas(value.fields.get('request'))] };
}

function requestSchemas(request: Value | undefined): readonly Value[] {
  if (request?.kind !== 'object') return [];
  const stages: Value[] = [];
  for (const [part, schema] of request.fields) {
    if (part === 'params') stages.push(validatorValue('param', schema));
    else if (part === 'query' || part === 'headers' || part === 'cookies')
      stages.push(validatorValue(part.replace(/s$/, ''), schema));
    else if (part === 'body' && schema.kind === 'object') stages.push(...bodySchemas(schema.fields.get('content')));
  }
  return stages;
}

function bodySchemas(content: Value | undefined): readonly Value[] {
  if (content?.kind !== 'object') return [];
  return [...content.fields].flatMap(([type, described]) => {
    const schema = described.kind === 'object' ? described.fields.get('schema') : undefined;
    return schema === undefined ? [] : [validatorValue(/json/.test(type) ? 'json' : 'form', schema)];
  });
}

/** A stage that checks a part of the request: `c.req.valid(target)` gives what the schema makes of it. */
function validatorValue(target: string, schema: Value | undefined): Value {
  return handlerValue('validator', `validator ${target} ${schema === undefined ? '' : valueKey(schema)}`, call => {
    const { machine, frame, at, end } = call;
    const [context, next] = call.arguments;
    const state = stateOf(context);
    if (state === undefined || next === undefined) return undefinedValue;
    const term = { kind: 'client', path: pathOfTarget(target) } as const;
    machine.noteSource(frame, term, at);
    const sent = present(term);
    const checked =
      schema?.kind === 'function'
        ? awaitValue(
            machine,
            frame,
            callValue(machine, frame, schema, [sent, context ?? undefinedValue], { at, end }),
            at,
          )
        : applySchema(call, schema, sent);
    if (frame.dead || isBottom(checked)) {
      frame.dead = true;
      return undefinedValue;
    }
    const valid = new Map([...state.valid, [target, checked]]);
    return passOn(call, contextValue({ ...state, valid }));
  });
}

/** Runs the rest with another context: `next` of a stage that is no function of the program. */
function passOn(call: Call, context: Value): Value {
  const [, next] = call.arguments;
  if (next === undefined) return undefinedValue;
  return callValue(call.machine, call.frame, next, [context], { at: call.at, end: call.end });
}

const validator: Handler = ({ arguments: [target, schema] }) => validatorValue(textOf(target) ?? '', schema);

// Stages of packages ---------------------------------------------------------------------------------------------------

function setting(name: string, variables: (call: Call) => Readonly<Record<string, Value>>): Handler {
  return () =>
    handlerValue(name, name, call => {
      const state = stateOf(call.arguments[0]);
      if (state === undefined) return undefinedValue;
      const added = Object.entries(variables(call));
      return passOn(call, contextValue({ ...state, variables: new Map([...state.variables, ...added]) }));
    });
}

/** `jwt({ secret })` refuses what is not signed, and sets what the token says. */
const verifiedJwt = setting('jwt', call => {
  call.frame.learn([signedIn(call)]);
  const claims: Value = {
    kind: 'object',
    fields: new Map([
      ['sub', principal('user.id')],
      ['userId', principal('user.id')],
      ['id', principal('user.id')],
      ['email', principal('user.email', true)],
    ]),
    spread: [{ kind: 'term', term: { kind: 'principal', attribute: 'token' }, maybeUndefined: false }],
  };
  return { jwtPayload: claims };
});

const authJs = setting('verifyAuth', call => {
  call.frame.learn([signedIn(call)]);
  return { authUser: objectOf({ session: objectOf({ user: userValue() }), user: userValue(), token: objectOf({}) }) };
});

/** `bearerAuth({ token })` asks for a secret of the server; `verifyToken` is a function of the program. */
const bearer: Handler = outer => {
  const [options] = outer.arguments;
  const verify = options?.kind === 'object' ? options.fields.get('verifyToken') : undefined;
  return handlerValue('bearerAuth', `bearerAuth ${options === undefined ? '' : valueKey(options)}`, call => {
    const { machine, frame, at, end } = call;
    const [context = undefinedValue] = call.arguments;
    if (verify === undefined) {
      frame.learn([{ holds: { kind: 'system' }, place: machine.place(frame, at), label: 'a secret was presented' }]);
      return passOn(call, context);
    }
    const token = present({ kind: 'client', path: 'header.authorization' });
    const { result: promised, after } = callAndSee(machine, frame, verify, [token, context], { at, end });
    const result = awaitValue(machine, frame, promised, at);
    if (frame.dead || isBottom(result)) return undefinedValue;
    const assumed = assume(result, true, machine.place(frame, at), 'the token was verified');
    if (assumed === undefined) {
      frame.dead = true;
      return undefinedValue;
    }
    frame.learn(assumed.facts);
    // What it set in the context on the way is there for whatever comes after.
    return passOn(call, after[1] ?? context);
  });
};

/** `every(a, b)`: one after the other. */
const every: Handler = ({ arguments: stages }) =>
  handlerValue('every', `every ${stages.map(stage => valueKey(stage)).join(' ')}`, call => {
    const [context = undefinedValue] = call.arguments;
    const step = (inner: Call, index: number, given: Value): Value => {
      const stage = stages[index];
      if (stage === undefined) return passOn({ ...inner, arguments: call.arguments }, given);
      const next = handlerValue(
        'next',
        `next every ${index} ${valueKey(given)} ${valueKey(call.arguments[1] ?? given)}`,
        following => step(following, index + 1, following.arguments[0] ?? given),
      );
      return callValue(inner.machine, inner.frame, stage, [given, next], { at: inner.at, end: inner.end });
    };
    return step(call, 0, context);
  });

const cookie: Handler = call => {
  const [, name] = call.arguments;
  const path = textOf(name) === undefined ? 'cookie' : `cookie.${textOf(name) ?? ''}`;
  call.machine.noteSource(call.frame, { kind: 'client', path }, call.at);
  return name === undefined
    ? clientValue(path)
    : { kind: 'term', term: { kind: 'client', path }, maybeUndefined: true };
};

/** `getSignedCookie(context, secret, name)`: what the server put there, where its signature holds. */
const signedCookie: Handler = call => {
  const [context, , name] = call.arguments;
  const read = { ...call, arguments: context === undefined || name === undefined ? [] : [context, name] };
  return { kind: 'promise', value: cookie(read), facts: [] };
};

const newApp: Handler = call => {
  const place = call.machine.place(call.frame, call.at);
  return appValue(newRegistry(call, 'hono'), '', `${place.file}:${call.at}`);
};

const factory: Handler = outer =>
  nativeValue({
    name: 'hono factory',
    key: `hono factory ${outer.frame.module.file}:${outer.at}`,
    method: (name, call) => {
      if (name === 'createApp') return newApp(call);
      if (name === 'createHandlers') return { kind: 'array', items: call.arguments };
      return call.arguments[0];
    },
  });

const itself: Handler = ({ arguments: [first] }) => first ?? undefinedValue;

/** Answers requests by the app, which runs as entry points of its own. */
const adapter: Handler = () =>
  handlerValue('hono handler', 'hono handler', call => ({
    kind: 'response',
    status: 200,
    headers: undefinedValue,
    body: undefinedValue,
    place: call.machine.place(call.frame, call.at, call.end),
  }));

const honoHandlers: Readonly<Record<string, Handler>> = {
  'hono#new Hono': newApp,
  'hono/quick#new Hono': newApp,
  'hono/tiny#new Hono': newApp,
  '@hono/zod-openapi#new OpenAPIHono': newApp,
  '@hono/zod-openapi#createRoute': itself,
  'hono/factory#createFactory': factory,
  'hono/factory#createMiddleware': itself,
  'hono/validator#validator': validator,
  '@hono/zod-validator#zValidator': validator,
  '@hono/standard-validator#sValidator': validator,
  '@hono/valibot-validator#vValidator': validator,
  '@hono/arktype-validator#arktypeValidator': validator,
  'hono-openapi/zod#validator': validator,
  'hono-openapi/zod#resolver': itself,
  'hono-openapi#validator': validator,
  'hono/jwt#jwt': verifiedJwt,
  'hono/jwk#jwk': verifiedJwt,
  '@hono/auth-js#verifyAuth': authJs,
  'hono/bearer-auth#bearerAuth': bearer,
  'hono/combine#every': every,
  'hono/cookie#getCookie': cookie,
  'hono/cookie#getSignedCookie': signedCookie,
  '@hono/clerk-auth#getAuth': call => ({
    kind: 'choice',
    alternatives: [
      {
        value: objectOf({ userId: principal('user.id'), orgId: principal('tenant.id', true) }),
        facts: [signedIn(call)],
      },
      { value: objectOf({ userId: constant(null), orgId: constant(null) }), facts: [] },
    ],
  }),
  'hono/vercel#handle': adapter,
  'hono/netlify#handle': adapter,
  '@hono/node-server/vercel#handle': adapter,
};

/** Hono: apps that register routes, its context, and the stages that packages offer. */
export const hono: EntryAdapter = {
  handlers: honoHandlers,
  find: machine => [{ turn: 'server', run: () => runHono(machine) }],
};

// Runs -----------------------------------------------------------------------------------------------------------------

const makes = /\bnew (?:OpenAPI)?Hono\b|\bcreateFactory\b/;

function runHono(machine: Machine): readonly EntryRun[] {
  const paths = machine.source.paths.filter(path => isProgram(path) && makes.test(machine.source.text(path) ?? ''));
  for (const path of paths) {
    const module = machine.source.module(path);
    if (module !== undefined) evaluateModule(machine, module);
  }
  runMakers(machine, paths, makes);
  return runServers(machine, 'hono', runStages);
}
