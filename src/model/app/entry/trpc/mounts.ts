import { callValue, handlerValue } from '../../calls.ts';
import { awaitValue, peekMember } from '../../expressions.ts';
import { valueKey } from '../../keys.ts';
import type { Call, Handler } from '../../machine.ts';
import { isBottom } from '../../operations.ts';
import { objectOf, undefinedValue, type Value } from '../../value.ts';
import { platformRequest } from '../../library/requests.ts';
import { runRouter } from './router.ts';

/** Runs the procedures behind a mount, each with the context that `createContext` makes of this request. */
function serve(call: Call, options: Value | undefined, given: readonly Value[]): Value {
  const router = options === undefined ? undefined : peekMember(options, 'router', true);
  if (options === undefined || router === undefined) return answer(call);
  const before = call.frame.save();
  const context = contextFrom(call, peekMember(options, 'createContext', true), given);
  if (!isBottom(context) && !call.frame.dead) runRouter(call, router, context);
  call.frame.restore(before);
  return answer(call);
}

/** What `createContext` returns for arguments; an empty context when there is none. */
export function contextFrom(call: Call, create: Value | undefined, given: readonly Value[]): Value {
  if (create === undefined || (create.kind === 'constant' && create.value === undefined)) return objectOf({});
  const { machine, frame, at, end } = call;
  const value = callValue(machine, frame, create, given, { at, end });
  return frame.dead || isBottom(value) ? value : awaitValue(machine, frame, value, at);
}

function answer(call: Call): Value {
  const { machine, frame, at, end } = call;
  const response: Value = {
    kind: 'response',
    status: 200,
    headers: undefinedValue,
    body: undefinedValue,
    place: machine.place(frame, at, end),
  };
  return { kind: 'promise', value: response, facts: [] };
}

/** `fetchRequestHandler({ req, router, createContext })`: serves at once. */
const serveNow: Handler = call => {
  const [options] = call.arguments;
  const request = (options === undefined ? undefined : peekMember(options, 'req', true)) ?? platformRequest(undefined);
  const opened = objectOf({ req: request, resHeaders: headersValue, res: headersValue, info: undefinedValue });
  return serve(call, options, [opened]);
};

const headersValue: Value = { kind: 'external', library: undefined, path: 'headers', arguments: [] };

/** `createNextApiHandler(options)`, `createExpressMiddleware(options)`: a handler of `(req, res)`. */
const serveLater: Handler = outer => {
  const [options] = outer.arguments;
  return handlerValue('trpc handler', `trpc handler ${options === undefined ? '' : valueKey(options)}`, call => {
    const [req = platformRequest(undefined), res = undefinedValue] = call.arguments;
    return serve(call, options, [objectOf({ req, res, info: undefinedValue })]);
  });
};

/** `trpcServer(options)` of Hono: `createContext(opts, c)`. */
const serveHono: Handler = outer => {
  const [options] = outer.arguments;
  return handlerValue('trpc handler', `trpc handler ${options === undefined ? '' : valueKey(options)}`, call => {
    const [context = undefinedValue] = call.arguments;
    const request = platformRequest(undefined);
    return serve(call, options, [objectOf({ req: request, resHeaders: headersValue, info: undefinedValue }), context]);
  });
};

/** Packages and functions that mount a router. */
export const mountHandlers: Readonly<Record<string, Handler>> = {
  '@trpc/server/adapters/fetch#fetchRequestHandler': serveNow,
  '@trpc/server/adapters/next-app-dir#nextAppDirCaller': serveLater,
  '@trpc/server/adapters/next#createNextApiHandler': serveLater,
  '@trpc/server/adapters/express#createExpressMiddleware': serveLater,
  '@trpc/server/adapters/node-http#nodeHTTPRequestHandler': serveNow,
  '@trpc/server/adapters/node-http#createHTTPHandler': serveLater,
  '@trpc/server/adapters/standalone#createHTTPHandler': serveLater,
  '@trpc/server/adapters/aws-lambda#awsLambdaRequestHandler': serveLater,
  '@trpc/server/adapters/next#nextHandler': serveLater,
  '@hono/trpc-server#trpcServer': serveHono,
  'trpc-to-openapi#createOpenApiNextHandler': serveLater,
  'trpc-to-openapi#createOpenApiExpressMiddleware': serveLater,
  'trpc-to-openapi#createOpenApiFetchHandler': serveNow,
  'trpc-to-openapi#createOpenApiHttpHandler': serveLater,
  'trpc-to-openapi#createOpenApiNodeHttpHandler': serveLater,
  'trpc-openapi#createOpenApiNextHandler': serveLater,
  'trpc-openapi#createOpenApiExpressMiddleware': serveLater,
  'trpc-openapi#createOpenApiHttpHandler': serveLater,
};

/** Packages whose import says that a file mounts a router. */
export const mountingPackages = /^(?:@trpc\/server\/adapters\/|@hono\/trpc-server$|trpc-(?:to-)?openapi$)/;
