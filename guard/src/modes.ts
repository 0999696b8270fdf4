import { GuardError } from './errors.ts';
import { report } from './events/event.ts';
import { currentScope, userOf, within } from './scope.ts';
import type { Scope } from './scope.ts';

/**
 * Runs `work` for a user in one of their tenants.
 *
 * @example
 * const invoices = await asTenant({ user: session.userId, tenant: params.team }, () => db.select().from(invoice));
 */
export function asTenant<T>(
  who: { readonly user: string; readonly tenant: string },
  work: () => T | PromiseLike<T>,
): Promise<T> {
  return within({ mode: 'tenant', user: named('user', who.user), tenant: named('tenant', who.tenant) }, work);
}

/**
 * Runs `work` for a user before a tenant is known: only rows that are the user's own.
 *
 * @example
 * const teams = await asUser(session.userId, () => db.select().from(memberships));
 */
export function asUser<T>(user: string, work: () => T | PromiseLike<T>): Promise<T> {
  return within({ mode: 'user', user: named('user', user) }, work);
}

/**
 * Runs `work` across tenants, on the pool given as `admin`. The reason is written to the audit before the first query.
 *
 * @example
 * const total = await asAdmin('monthly usage report', () => adminReport());
 */
export function asAdmin<T>(reason: string, work: () => T | PromiseLike<T>): Promise<T> {
  const outer = currentScope();
  const user = outer === undefined ? undefined : userOf(outer);
  const scope: Scope = { mode: 'admin', reason: named('reason', reason), ...(user === undefined ? {} : { user }) };
  report({ type: 'authz_admin', outcome: 'allowed', reason, scope });
  return within(scope, work);
}

/**
 * Runs `work` for one tenant without a user: jobs, webhooks, queues.
 *
 * @example
 * await asSystem({ job: 'send reminders', tenant: team.id }, () => sendReminders());
 */
export function asSystem<T>(
  who: { readonly job: string; readonly tenant: string },
  work: () => T | PromiseLike<T>,
): Promise<T> {
  return within({ mode: 'system', job: named('job', who.job), tenant: named('tenant', who.tenant) }, work);
}

/** An empty name would reach the database as "not set": it is refused here, where the mistake is. */
function named(what: string, value: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new GuardError('no-scope', `The ${what} of a scope is ${whatIs(value)}.`);
}

function whatIs(value: unknown): string {
  if (value === '') return 'empty';
  if (value === undefined || value === null) return `not given (${value})`;
  return typeof value === 'number' || typeof value === 'bigint'
    ? `a ${typeof value}: give it as text, with String(…)`
    : `no text but a ${typeof value}`;
}
