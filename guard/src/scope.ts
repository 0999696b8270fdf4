import { AsyncLocalStorage } from 'node:async_hooks';
import { processWide } from './process-wide.ts';

/** Who is asking, and what of the database that opens: one of four modes, by name. */
export type Scope = TenantScope | UserScope | AdminScope | SystemScope;

/** A user in one of their tenants. That they are a member is checked by the database, with each statement. */
export interface TenantScope {
  readonly mode: 'tenant';
  readonly user: string;
  readonly tenant: string;
}

/** A signed-in user before a tenant is known: their own rows, such as the list of their tenants. */
export interface UserScope {
  readonly mode: 'user';
  readonly user: string;
}

/** Work across tenants, on the pool made for it. The reason is written to the audit. */
export interface AdminScope {
  readonly mode: 'admin';
  readonly reason: string;
  readonly user?: string;
}

/** A job without a user, for one tenant. */
export interface SystemScope {
  readonly mode: 'system';
  readonly job: string;
  readonly tenant: string;
}

/** What of the request an event tells: never a value of a row. */
export interface RequestFacts {
  readonly requestId?: string;
  readonly route?: string;
  readonly action?: string;
  readonly address?: string;
}

interface Frame {
  readonly scope: Scope | undefined;
  /** The scope was left on purpose, or the code is a connection's and no request's: nobody may find another one. */
  readonly left?: 'on purpose' | 'for nobody';
  readonly request: RequestFacts;
  readonly outer: Frame | undefined;
}

const store = processWide('scope/2', () => new AsyncLocalStorage<Frame>());

/** Runs `work` in a scope. `work` is awaited inside: queries of ORMs are lazy and run only when somebody awaits them. */
export function within<T>(scope: Scope, work: () => T | PromiseLike<T>): Promise<T> {
  const outer = store.getStore();
  return store.run({ scope, request: outer?.request ?? {}, outer }, async () => (await work()) as T);
}

/** Runs `work` outside of every scope: what it makes is for all tenants, and a query in it is refused. */
export function withoutScope<T>(work: () => T | PromiseLike<T>): Promise<T> {
  const outer = store.getStore();
  const frame: Frame = { scope: undefined, left: 'on purpose', request: outer?.request ?? {}, outer };
  return store.run(frame, async () => (await work()) as T);
}

/**
 * Opens what calls back by itself for as long as it lives, such as a connection: Node.js runs such calls in the context of
 * whoever opened it, who may have asked for another tenant.
 */
export function forNobody<T>(open: () => T): T {
  return store.run({ scope: undefined, left: 'for nobody', request: {}, outer: undefined }, open);
}

/** Whether the running code left its scope on purpose. */
export function hasLeftScope(): boolean {
  return store.getStore()?.left === 'on purpose';
}

/** Whether the framework's own store of the request may be asked who the running code works for. */
export function mayFindScope(): boolean {
  return store.getStore()?.left === undefined;
}

/**
 * Runs `work` with what is known of the request, so that events can tell route and request.
 *
 * @example
 * await withRequest({ requestId: crypto.randomUUID(), route: 'worker' }, () => sendReminders());
 */
export function withRequest<T>(request: RequestFacts, work: () => T | PromiseLike<T>): Promise<T> {
  const outer = store.getStore();
  const left = outer?.left === undefined ? {} : { left: outer.left };
  const frame: Frame = { scope: outer?.scope, ...left, request: { ...outer?.request, ...request }, outer };
  return store.run(frame, async () => (await work()) as T);
}

/**
 * The scope of the running code, if it has one.
 *
 * @example
 * const scope = currentScope();
 * if (scope?.mode === 'tenant') await rename(scope.tenant, 'Acme');
 */
export function currentScope(): Scope | undefined {
  return store.getStore()?.scope;
}

/**
 * What is known of the request in which the code runs.
 *
 * @example
 * const { requestId } = currentRequest();
 */
export function currentRequest(): RequestFacts {
  return store.getStore()?.request ?? {};
}

/** The scopes around the running code, the innermost first. */
export function scopesAround(): readonly Scope[] {
  const scopes: Scope[] = [];
  for (let frame = store.getStore(); frame !== undefined; frame = frame.outer) {
    if (frame.scope !== undefined && frame.scope !== scopes.at(-1)) scopes.push(frame.scope);
  }
  return scopes;
}

/** Whether two scopes open the same rows. */
export function sameScope(left: Scope, right: Scope): boolean {
  return (
    left === right || (left.mode === right.mode && tenantOf(left) === tenantOf(right) && userOf(left) === userOf(right))
  );
}

/** The tenant whose rows a scope opens. */
export function tenantOf(scope: Scope): string | undefined {
  return scope.mode === 'tenant' || scope.mode === 'system' ? scope.tenant : undefined;
}

/** The user who asks in a scope. */
export function userOf(scope: Scope): string | undefined {
  return scope.mode === 'system' ? undefined : scope.user;
}
