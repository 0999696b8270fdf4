import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SchemaOutput } from '../standard-schema.ts';
import { isForSharedCaches, notFound, personalCacheControl, refusalOf, withVary } from './answer.ts';
import type { Refusal } from './answer.ts';
import { checkOptions, declaredFor, guarded, outgoing } from './guarded.ts';
import { parsedJson } from './json-text.ts';
import type { GuardedCall } from './guarded.ts';
import { callOf, isRead, refuseForeignWrite } from './route.ts';
import type { AnyRouteOptions, RouteOptions } from './route.ts';
import type { Callers, GuardNextOptions, MaybePromise, MaybeSchema, ScopeKind } from './options.ts';

/** The part of a request of `pages/api` that is used. */
export interface ApiRequest extends IncomingMessage {
  readonly query: Partial<Record<string, string | string[]>>;
  readonly body: unknown;
}

/** What the handler of `pages/api` is given. */
export type ApiCall<Input, Kind extends ScopeKind> = Callers[Kind] & {
  readonly input: SchemaOutput<Input>;
  readonly req: ApiRequest;
  readonly res: ServerResponse;
};

/**
 * Guards a handler of `pages/api`. What `work` gives back is sent as JSON; a handler that has answered by itself gives
 * nothing back. The path and the query are one there, so that they are the input of a GET and the params of every call.
 */
export type GuardApi = <Input extends MaybeSchema = undefined, Kind extends ScopeKind = 'tenant'>(
  options: Omit<RouteOptions<Input, undefined, Kind>, 'params'>,
  work: (call: ApiCall<Input, Kind>) => MaybePromise<unknown>,
) => (req: ApiRequest, res: ServerResponse) => Promise<void>;

/** Makes `guardApi` for an app. */
export function makeGuardApi(guard: GuardNextOptions): GuardApi {
  return (options, work) => {
    const declared = options as AnyRouteOptions;
    checkOptions(declared);
    const run = work as (call: object) => MaybePromise<unknown>;
    return async (req, res) => {
      keepPersonal(res);
      const sent = lookAtSent(guard, declared, res);
      try {
        const value = await handle(guard, declared, { req, res }, run);
        await sent();
        if (!res.headersSent && !res.writableEnded) send(res, value === undefined ? 204 : 200, value);
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === undefined || res.headersSent) throw error;
        sendRefusal(res, refusal);
      }
    };
  };
}

async function handle(
  guard: GuardNextOptions,
  options: AnyRouteOptions,
  node: { readonly req: ApiRequest; readonly res: ServerResponse },
  work: (call: object) => MaybePromise<unknown>,
): Promise<unknown> {
  return guarded(guard, options, callOfNode(guard, options, node), async given => {
    const value = await work(callOf(given, node));
    return outgoing(guard, options, value);
  });
}

/** A request of `pages/api` as the guard looks at it. */
export function callOfNode(
  guard: GuardNextOptions,
  options: AnyRouteOptions,
  node: { readonly req: ApiRequest; readonly res: ServerResponse },
): GuardedCall {
  const { req } = node;
  const method = req.method ?? 'GET';
  const headers = headersOf(req);
  const reads = isRead(method);
  return {
    kind: reads ? 'read' : 'write',
    headers,
    params: req.query,
    arguments: [],
    node,
    facts: { route: options.name },
    first: () => refuseForeignWrite(guard, options, { method, headers }),
    readInput: () => (reads ? req.query : req.body),
  };
}

/** The headers of a request of Node.js as the web has them. */
function headersOf(req: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(req.headers))
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) headers.append(name, one);
  return headers;
}

/** A handler may answer by itself at any time, so the headers are made personal at the moment they leave. */
function keepPersonal(res: ServerResponse): void {
  const writeHead = res.writeHead.bind(res) as (...parameters: unknown[]) => ServerResponse;
  const guardedWriteHead = (...parameters: unknown[]): ServerResponse => {
    // Headers given here would win over those that were set.
    const given = parameters.at(-1);
    if (typeof given === 'object' && given !== null)
      for (const [name, value] of pairsOf(given)) res.setHeader(name, value);
    res.setHeader('cache-control', personalCacheControl(headerOf(res, 'cache-control')));
    res.setHeader('vary', withVary(headerOf(res, 'vary')));
    for (const name of res.getHeaderNames()) if (isForSharedCaches(name)) res.removeHeader(name);
    return writeHead(...parameters.filter(parameter => typeof parameter !== 'object'));
  };
  res.writeHead = guardedWriteHead as typeof res.writeHead;
}

/** Node.js takes an object, or a flat list of names and values. */
function pairsOf(given: object): readonly (readonly [string, string | string[]])[] {
  if (!Array.isArray(given)) return Object.entries(given) as [string, string | string[]][];
  const flat = given as string[];
  return flat.flatMap((name, index) => (index % 2 === 0 ? [[name, flat[index + 1] ?? ''] as const] : []));
}

function headerOf(res: ServerResponse, name: string): string {
  const value = res.getHeader(name);
  return Array.isArray(value) ? value.join(', ') : String(value ?? '');
}

/** How Next.js lets a handler answer: https://nextjs.org/docs/pages/building-your-application/routing/api-routes#response-helpers */
interface Helpers {
  json?: (body: unknown) => void;
  send?: (body: unknown) => void;
}

/** What a handler sends by `res.json` and `res.send` leaves as what it gives back does. Settles when it was sent. */
function lookAtSent(guard: GuardNextOptions, options: AnyRouteOptions, res: ServerResponse & Helpers): () => unknown {
  const own = res.send?.bind(res);
  if (own === undefined) return () => undefined;
  // The helper for JSON sends by the other one, which would be looked at once more.
  const json = (value: unknown): void => {
    res.setHeader('content-type', 'application/json; charset=utf-8');
    own(JSON.stringify(value) ?? 'null');
  };
  let sending: unknown;
  const isNone = (): boolean => res.statusCode === 403 || res.statusCode === 404;
  res.json = body => {
    if (isNone()) return sendRefusal(res, notFound);
    const value = outgoing(guard, declaredFor(options, res.statusCode), body);
    if (!(value instanceof Promise)) return json(value);
    sending = value.then(json);
    // It is told when the handler is done.
    void value.catch(() => undefined);
  };
  res.send = body => {
    if (isNone()) return sendRefusal(res, notFound);
    const data = typeof body === 'string' ? parsedJson(body) : body;
    const isData = typeof data === 'object' && data !== null && !(data instanceof Uint8Array) && !('pipe' in data);
    if (isData) res.json?.(data);
    else own(body);
  };
  return () => sending;
}

function send(res: ServerResponse, status: number, value: unknown): void {
  res.statusCode = status;
  if (value === undefined) return void res.end();
  res.setHeader('content-type', 'application/json');
  res.end(JSON.stringify(value));
}

function sendRefusal(res: ServerResponse, { status, retryAfter, ...body }: Refusal): void {
  if (retryAfter !== undefined) res.setHeader('retry-after', String(retryAfter));
  send(res, status, body);
}
