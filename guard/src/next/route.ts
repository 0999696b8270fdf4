import type { SchemaOutput } from '../standard-schema.ts';
import type { AnyCallOptions } from './admit.ts';
import { makePersonal, notFound, personalHeaders, refusalOf, refusalResponse } from './answer.ts';
import { refuseCrossSite } from './cross-site.ts';
import { decoded, maybeJson, parsedJson, peek } from './json-text.ts';
import { checkOptions, declaredFor, guarded, outgoing } from './guarded.ts';
import type { Given, GuardedCall } from './guarded.ts';
import { readRequest } from './input.ts';
import type { CallOptions, Callers, GuardNextOptions, MaybePromise, MaybeSchema, ScopeKind } from './options.ts';

/** What a route handler declares. */
export interface RouteOptions<
  Input extends MaybeSchema,
  Params extends MaybeSchema,
  Kind extends ScopeKind,
> extends CallOptions<Input, Params, Kind> {
  /**
   * Lets pages of other sites send writes here, with the reason why that harms nobody. For routes that are called with a
   * token and never with a cookie.
   */
  readonly allowCrossSite?: { readonly reason: string };
}

/** A declared route, whatever its input is. */
export type AnyRouteOptions = RouteOptions<MaybeSchema, MaybeSchema, ScopeKind>;

/** What the handler of a route is given. */
export type RouteCall<Input extends MaybeSchema, Params extends MaybeSchema, Kind extends ScopeKind> = Callers[Kind] & {
  readonly input: SchemaOutput<Input>;
  readonly params: Params extends undefined ? PathParams : SchemaOutput<Params>;
  readonly request: Request;
};

/** The parts of a path as Next.js gives them. */
export type PathParams = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A route handler as Next.js 15 and 16 call it. */
export type RouteHandler = (
  request: Request,
  context: { readonly params: Promise<Readonly<Record<string, string | string[] | undefined>>> },
) => Promise<Response>;

/** Guards a route handler. What `work` gives back is sent as JSON; a `Response` goes as it is, but for its headers. */
export type GuardRoute = <
  Input extends MaybeSchema = undefined,
  Params extends MaybeSchema = undefined,
  Kind extends ScopeKind = 'tenant',
>(
  options: RouteOptions<Input, Params, Kind>,
  work: (call: RouteCall<Input, Params, Kind>) => MaybePromise<unknown>,
) => RouteHandler;

/** Makes `guardRoute` for an app. */
export function makeGuardRoute(guard: GuardNextOptions): GuardRoute {
  return (options, work) => {
    const declared = options as AnyRouteOptions;
    checkOptions(declared);
    const run = work as (call: object) => MaybePromise<unknown>;
    return async (request, context) => {
      try {
        return await answer(guard, declared, request, (await context?.params) ?? {}, run);
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === undefined) throw error;
        return refusalResponse(refusal);
      }
    };
  };
}

async function answer(
  guard: GuardNextOptions,
  options: AnyRouteOptions,
  request: Request,
  params: PathParams,
  work: (call: object) => MaybePromise<unknown>,
): Promise<Response> {
  const call = callOfRequest(guard, options, request, params);
  return guarded(guard, options, call, async given =>
    toResponse(guard, options, await work(callOf(given, { request }))),
  );
}

/** A request as the guard looks at it. */
export function callOfRequest(
  guard: GuardNextOptions,
  options: AnyRouteOptions,
  request: Request,
  params: PathParams,
): GuardedCall {
  const { method, headers } = request;
  return {
    kind: isRead(method) ? 'read' : 'write',
    headers,
    params,
    arguments: [],
    facts: { route: options.name },
    first: () => refuseForeignWrite(guard, options, { method, headers }),
    readInput: () => readRequest(request, guard.maxBodyBytes ?? 1_048_576),
  };
}

/** Refuses a write of another site's page, unless the route takes those. */
export function refuseForeignWrite(
  guard: GuardNextOptions,
  { allowCrossSite }: AnyRouteOptions,
  call: { readonly method: string; readonly headers: Headers },
): void {
  if (allowCrossSite === undefined) refuseCrossSite({ ...call, allowedOrigins: guard.allowedOrigins ?? [] });
}

/** Whether a method changes nothing. */
export function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}

/** What every handler is given. */
export function callOf({ caller, input, params }: Given, more?: object): object {
  switch (caller.kind) {
    case 'tenant':
      return { user: caller.user, tenant: caller.tenant, role: caller.role, input, params, ...more };
    case 'user':
      return { user: caller.user, input, params, ...more };
    case 'none':
      return { input, params, ...more };
  }
}

async function toResponse(guard: GuardNextOptions, options: AnyCallOptions, value: unknown): Promise<Response> {
  if (value === undefined) return new Response(null, { status: 204, headers: personalHeaders });
  if (!(value instanceof Response))
    return Response.json(await outgoing(guard, options, value), { headers: personalHeaders });
  // A handler's own 403 beside a 404 would tell what exists.
  if (value.status === 403 || value.status === 404) return refusalResponse(notFound);
  const looked = options.output !== undefined || guard.tripwire !== undefined;
  return personal(looked ? await narrowedResponse(guard, options, value) : value);
}

/** Whether an answer is JSON. */
export function isJson(response: Response): boolean {
  return /^application\/(?:[\w.-]+\+)?json\b/i.test(response.headers.get('content-type') ?? '');
}

/**
 * JSON that a handler wrote itself is read again, so that `Response.json` is no way around what was declared.
 */
async function narrowedResponse(
  guard: GuardNextOptions,
  options: AnyCallOptions,
  response: Response,
): Promise<Response> {
  if (response.body === null) return response;
  if (response.headers.has('content-encoding') && (isJson(response) || maybeJson(response)))
    return narrowedResponse(guard, options, decoded(response));
  const { status, statusText } = response;
  const headers = new Headers(response.headers);
  headers.delete('content-length');
  const leave = async (given: unknown): Promise<Response> => {
    const value = await outgoing(guard, declaredFor(options, status), given);
    if (!headers.has('content-type')) headers.set('content-type', 'application/json');
    return new Response(JSON.stringify(value), { status, statusText, headers });
  };
  if (isJson(response)) return leave(await response.json());
  if (!maybeJson(response)) return response;
  const peeked = await peek(response);
  if (peeked.kind === 'other') return peeked.response;
  const parsed = parsedJson(peeked.text);
  return parsed === undefined ? new Response(Buffer.from(peeked.text), { status, statusText, headers }) : leave(parsed);
}

/** The same answer with the headers of a personal one. The headers of redirects and of `fetch` cannot be changed in place. */
function personal(response: Response): Response {
  const headers = new Headers(response.headers);
  makePersonal(headers);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
