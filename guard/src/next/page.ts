import { headers as requestHeaders } from 'next/headers.js';
// `next/navigation` without an extension is nothing to Node.js, and with it Next.js takes the half for browsers, which
// does not build in route handlers. These two files are what it gives servers, in Next.js 15 and 16.
import { notFound as nextNotFound } from 'next/dist/client/components/not-found.js';
import { redirect } from 'next/dist/client/components/redirect.js';
import type { ReactNode } from 'react';
import { guardErrorIn } from '../errors.ts';
import type { SchemaOutput } from '../standard-schema.ts';
import { currentScope } from '../scope.ts';
import type { AnyCallOptions } from './admit.ts';
import { checkOptions, guarded } from './guarded.ts';
import type { GuardedCall } from './guarded.ts';
import type { CallOptions, Callers, GuardNextOptions, MaybePromise, MaybeSchema, ScopeKind } from './options.ts';
import { Unavailable } from './no-access.ts';
import { keepPageScope } from './page-scope.ts';
import { callOf } from './route.ts';
import type { PathParams } from './route.ts';

/** What a page declares. Its input is the query of its address. */
export interface PageOptions<
  Input extends MaybeSchema,
  Params extends MaybeSchema,
  Kind extends ScopeKind,
> extends Omit<CallOptions<Input, Params, Kind>, 'output'> {
  /** Where somebody without a session is sent. Without it they see what everybody sees who is refused. */
  readonly signIn?: string;
  /**
   * What is shown to whoever is refused, the same whatever the reason: `() => NoAccess()`. Without it, the app's own
   * `not-found` with status 404.
   */
  readonly refused?: () => ReactNode;
  /** What is shown where a limit or a freeze refuses. Without it the ready page. */
  readonly unavailable?: () => ReactNode;
}

/** What the work of a page is given. */
export type PageCall<Input extends MaybeSchema, Params extends MaybeSchema, Kind extends ScopeKind> = Callers[Kind] & {
  readonly input: SchemaOutput<Input>;
  readonly params: Params extends undefined ? PathParams : SchemaOutput<Params>;
};

/** What Next.js 15 and 16 give a page or a layout. */
export interface PageProps {
  readonly params?: Promise<Readonly<Record<string, string | string[] | undefined>>>;
  readonly searchParams?: Promise<Readonly<Record<string, string | string[] | undefined>>>;
}

/** Guards a page, or a layout (which has no query): nothing of it is rendered for somebody who may not see it. */
export type GuardPage = <
  Input extends MaybeSchema = undefined,
  Params extends MaybeSchema = undefined,
  Kind extends ScopeKind = 'tenant',
  Props = object,
>(
  options: PageOptions<Input, Params, Kind>,
  work: (call: PageCall<Input, Params, Kind>, props: Props) => MaybePromise<ReactNode>,
) => (props: PageProps & Props) => Promise<ReactNode>;

/** Makes `guardPage` for an app. */
export function makeGuardPage(guard: GuardNextOptions): GuardPage {
  return (options, work) => {
    const declared = options as AnyCallOptions &
      Pick<PageOptions<MaybeSchema, MaybeSchema, ScopeKind>, 'signIn' | 'refused' | 'unavailable'>;
    checkOptions(declared);
    const run = work as (call: object, props: object) => MaybePromise<ReactNode>;
    return async props => {
      try {
        return await render(guard, declared, props, run);
      } catch (error) {
        const refusal = guardErrorIn(error);
        if (refusal === undefined || refusal.status === 500) throw error;
        if (refusal.status === 429 || refusal.status === 503) return (declared.unavailable ?? Unavailable)();
        if (refusal.code === 'no-session' && declared.signIn !== undefined) redirect(declared.signIn);
        if (declared.refused === undefined) nextNotFound();
        return declared.refused();
      }
    };
  };
}

/**
 * Guards `generateMetadata`, which Next.js calls beside the page and outside of its scope: who may not see the page gets no
 * metadata of its own, and the page says the rest.
 */
export type GuardMetadata = <
  Metadata extends object,
  Input extends MaybeSchema = undefined,
  Params extends MaybeSchema = undefined,
  Kind extends ScopeKind = 'tenant',
>(
  options: Omit<PageOptions<Input, Params, Kind>, 'signIn' | 'refused' | 'unavailable'>,
  work: (call: PageCall<Input, Params, Kind>, ...given: readonly [PageProps, ...unknown[]]) => MaybePromise<Metadata>,
) => (props: PageProps, parent?: unknown) => Promise<Metadata>;

/** Makes `guardMetadata` for an app. */
export function makeGuardMetadata(guard: GuardNextOptions): GuardMetadata {
  return <Metadata extends object>(
    options: object,
    work: (call: never, ...given: readonly [PageProps, ...unknown[]]) => MaybePromise<Metadata>,
  ) => {
    const declared = options as AnyCallOptions;
    checkOptions(declared);
    return async (props, parent) => {
      try {
        const call = await callOfPage(declared, props);
        return await guarded(guard, declared, call, given => work(callOf(given) as never, props, parent));
      } catch (error) {
        const refusal = guardErrorIn(error);
        if (refusal === undefined || refusal.status === 500) throw error;
        return {} as Metadata;
      }
    };
  };
}

async function render(
  guard: GuardNextOptions,
  options: AnyCallOptions,
  props: PageProps & object,
  work: (call: object, props: object) => MaybePromise<ReactNode>,
): Promise<ReactNode> {
  return guarded(guard, options, await callOfPage(options, props), given => {
    keepScopeHere();
    return work(callOf(given), props);
  });
}

/** A page that is asked for, as the guard looks at it. */
export async function callOfPage(options: AnyCallOptions, props: PageProps): Promise<GuardedCall> {
  return {
    kind: 'read',
    headers: new Headers(await requestHeaders()),
    params: (await props.params) ?? {},
    arguments: [],
    facts: { route: options.name },
    readInput: () => props.searchParams ?? {},
  };
}

/** Keeps the scope in which a page's function runs for the components below it. */
export function keepScopeHere(): void {
  const scope = currentScope();
  if (scope !== undefined) keepPageScope(scope);
}
