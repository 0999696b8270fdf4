/**
 * The answer to: can a principal who is not a member of tenant T read or write a row that T owns?
 * `isolated` no · `leaks` yes · `public` everyone may · `broken` nobody can, not even the owner · `unknown` could not tell.
 */
export type Verdict = 'isolated' | 'leaks' | 'public' | 'broken' | 'unknown';

/** Why a path has its verdict. */
export type Reason =
  // leaks
  | 'client-id' // the row is chosen by a value the caller sends
  | 'unscoped' // nothing in the query depends on the caller
  | 'unbound-object' // a tenant was verified on the path, the object was never tied to it
  | 'maybe-undefined' // the filter that scopes the query is dropped when its value is undefined
  | 'fail-open' // the guard's failure does not stop the path
  | 'not-awaited' // the guard's promise is never awaited
  | 'result-dropped' // the guard's answer is not used
  | 'layout-only' // only a layout or the interface guards it
  | 'foreign-key' // a reference to another tenant's row can be written
  | 'tool-argument' // a value chosen by a language model selects the tenant or the row
  | 'policy-leaks' // the client is bound to the session, the policy it relies on is not
  | 'no-authentication' // anyone on the internet
  | 'cross-role' // any member reaches what only an administrator may
  // isolated
  | 'scoped-by-session'
  | 'scoped-by-membership'
  | 'scoped-by-policy'
  | 'guarded-lookup' // loaded by id, compared with the principal before it is used
  | 'capability' // chosen by an unguessable secret
  | 'system' // verified webhook, cron, queue
  | 'administrator'
  // public
  | 'no-owner'
  | 'declared-public'
  | 'only-counted' // a number over everybody's rows, none of them picked by the caller
  | 'published' // a column of the row says that its owner shows it to everybody
  | 'named-by-app' // a constant or a variable of the deployment says which row it is
  | 'publishable-key' // a key that stands in pages names the tenant, for which something is written and nothing read
  | 'open-by-link' // a page of its own shows it to whoever knows its unguessable key
  // broken, unknown
  | 'policy-denies-owner'
  | 'opaque';

/** From worst to least. */
export type Severity = 'critical' | 'high' | 'medium' | 'low';

/** Sort position of a severity: 0 is worst. */
export function severityRank(severity: Severity): number {
  return severities.indexOf(severity);
}

/** All severities, worst first. */
export const severities: readonly Severity[] = ['critical', 'high', 'medium', 'low'];
