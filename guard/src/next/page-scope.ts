import { cache } from 'react';
import { mayFindScope, sameScope } from '../scope.ts';
import type { Scope } from '../scope.ts';

/**
 * One holder for each render: React keeps it for the request (https://react.dev/reference/react/cache). React renders the
 * components below a page after the page's function has returned, and so outside of its scope.
 */
const holder = cache((): { scope: Scope | undefined; mixed: boolean } => ({ scope: undefined, mixed: false }));

/** Keeps the scope of a page for the components below it. */
export function keepPageScope(scope: Scope): void {
  const held = holder();
  if (held.scope !== undefined && !sameScope(held.scope, scope)) held.mixed = true;
  held.scope = scope;
}

/**
 * The scope of the guarded page that is being rendered, for `resolve` of `guardPool`: with it, the server components below
 * a page query in the page's scope. Where two pages or layouts of one request have different scopes there is none, and the
 * query is refused.
 *
 * @example
 * export const pool = guardPool(config, { membership, resolve: pageScope });
 */
export function pageScope(): Scope | undefined {
  if (!mayFindScope()) return undefined;
  const held = holder();
  return held.mixed ? undefined : held.scope;
}
