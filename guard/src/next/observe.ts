import type { ServerResponse } from 'node:http';
import { at } from '../property.ts';
import { callOfAction } from './action.ts';
import type { ActionOptions } from './action.ts';
import { callOfNode } from './api.ts';
import type { ApiRequest } from './api.ts';
import { checkOptions } from './guarded.ts';
import type { GuardedCall } from './guarded.ts';
import { maybeJson, peek } from './json-text.ts';
import { lookAtOutgoing, observed } from './observed.ts';
import type { GuardNextOptions, MaybePromise, MaybeSchema, ScopeKind } from './options.ts';
import { callOfPage, keepScopeHere } from './page.ts';
import type { PageOptions, PageProps } from './page.ts';
import { callOfRequest, isJson } from './route.ts';
import type { AnyRouteOptions, PathParams } from './route.ts';

/** Puts a look in front of the app's own code, which is called as before and answers as before. */
type Observe<Options> = <Parameters extends readonly unknown[], Answer>(
  options: Options,
  own: (...parameters: Parameters) => Answer,
) => (...parameters: Parameters) => Promise<Awaited<Answer>>;

/**
 * For the first days on a live app: handlers as they are, with their own checks and answers, and an event `observed` for
 * each call that the guard of the same options would have refused.
 */
export interface NextObservers {
  readonly observeRoute: Observe<AnyRouteOptions>;
  readonly observeAction: Observe<ActionOptions<MaybeSchema, ScopeKind, unknown>>;
  readonly observePage: Observe<PageOptions<MaybeSchema, MaybeSchema, ScopeKind>>;
  readonly observeApi: Observe<AnyRouteOptions>;
}

/** Makes the observers of an app. */
export function makeObservers(guard: GuardNextOptions): NextObservers {
  const observers = {
    observeRoute: observer(guard, {
      callOf: (options, [request, context]) => callOfCopy(guard, options, request as Request, context),
      after: answer => lookAtResponse(guard, answer),
    }),
    observeAction: observer(guard, { callOf: callOfAction, after: answer => lookAtOutgoing(guard, answer) }),
    observePage: observer(guard, {
      callOf: (options, [props]) => callOfPage(options, (props ?? {}) as PageProps),
      before: keepScopeHere,
    }),
    observeApi: observer(guard, {
      callOf: (options, [req, res]) =>
        callOfNode(guard, options, { req: req as ApiRequest, res: res as ServerResponse }),
    }),
  };
  return observers as unknown as NextObservers;
}

/** What one kind of handler is looked at by. */
interface Looks {
  readonly callOf: (options: AnyRouteOptions, parameters: readonly unknown[]) => MaybePromise<GuardedCall>;
  readonly before?: () => void;
  readonly after?: (answer: unknown) => void;
}

type Own = (...parameters: readonly unknown[]) => unknown;

function observer(guard: GuardNextOptions, { callOf, before, after }: Looks) {
  return (options: AnyRouteOptions, own: Own): Own => {
    checkOptions(options);
    return async (...parameters) =>
      observed(guard, options, await callOf(options, parameters), async () => {
        before?.();
        const answer = await own(...parameters);
        after?.(answer);
        return answer;
      });
  };
}

/** The body is the handler's own: a copy is read. */
async function callOfCopy(
  guard: GuardNextOptions,
  options: AnyRouteOptions,
  request: Request,
  context: unknown,
): Promise<GuardedCall> {
  const params = ((await at(context, 'params')) ?? {}) as PathParams;
  const call = callOfRequest(guard, options, request, params);
  return { ...call, readInput: () => callOfRequest(guard, options, request.clone(), params).readInput() };
}

/** Looks at a copy of JSON that goes out, which does not wait for it. */
function lookAtResponse(guard: GuardNextOptions, answer: unknown): void {
  if (guard.tripwire === undefined || !(answer instanceof Response) || answer.bodyUsed) return;
  if (!isJson(answer) && !maybeJson(answer)) return;
  void jsonOf(answer.clone()).then(
    value => lookAtOutgoing(guard, value),
    () => undefined,
  );
}

async function jsonOf(answer: Response): Promise<unknown> {
  if (isJson(answer)) return answer.json();
  const peeked = await peek(answer);
  if (peeked.kind === 'text') return JSON.parse(peeked.text) as unknown;
  void peeked.response.body?.cancel();
  return undefined;
}
