import { asTenant, asUser } from '../modes.ts';
import { refuse } from '../refusal.ts';
import type { Scope } from '../scope.ts';
import type { CallFacts } from '../hooks.ts';
import type { Session, SessionRequest } from '../session/session.ts';
import type { CallOptions, CallView, GuardNextOptions, Member, MaybeSchema, ScopeKind } from './options.ts';

/** A call of any kind, as it came in. */
export interface Call extends CallView {
  readonly kind: CallFacts['kind'];
  readonly node?: NonNullable<SessionRequest['node']>;
}

/** Who was let in. */
export type Caller =
  | { readonly kind: 'tenant'; readonly user: string; readonly tenant: string; readonly role: string | undefined }
  | { readonly kind: 'user'; readonly user: string }
  | { readonly kind: 'none' };

/** The declared call, whatever its input is. */
export type AnyCallOptions = CallOptions<MaybeSchema, MaybeSchema, ScopeKind>;

/** Who asks, as far as it was known when a call was refused. */
export interface Asking {
  user?: string;
}

/** Says who is calling, and in which tenant of theirs, before anything of theirs is read. */
export async function identify(
  guard: GuardNextOptions,
  options: AnyCallOptions,
  call: Call,
  asking: Asking = {},
): Promise<Caller> {
  if (options.scope === 'none') return { kind: 'none' };
  const session = await guard.session({
    headers: call.headers,
    ...(call.node === undefined ? {} : { node: call.node }),
  });
  if (session === undefined) throw refuse('no-session', 'Nobody is signed in.');
  asking.user = session.user;
  if (options.scope === 'user') return { kind: 'user', user: session.user };
  return identifyMember(guard, options, call, session);
}

async function identifyMember(
  guard: GuardNextOptions,
  options: AnyCallOptions,
  call: Call,
  session: Session,
): Promise<Caller> {
  const { user } = session;
  const scope: Scope = { mode: 'user', user };
  const named = await (options.tenant ?? guard.tenant)(call, session);
  if (named === undefined || !isId(named)) throw refuse('bad-id', 'The call names no tenant.', { scope });
  const member = await memberOf(guard, { user, tenant: named });
  if (member === undefined)
    throw refuse('not-a-member', 'The user is no member of the tenant.', { scope, targetTenant: named });
  return { kind: 'tenant', user, tenant: String(member.tenant ?? named), role: member.role ?? undefined };
}

/** Refuses a member whose role may not do this. */
export function requireRole({ roles }: AnyCallOptions, caller: Caller): void {
  if (roles === undefined || caller.kind !== 'tenant') return;
  const { user, tenant, role } = caller;
  if (role !== undefined && roles.includes(role)) return;
  const scope: Scope = { mode: 'user', user };
  throw refuse('forbidden', 'The role of the user may not do this.', { scope, targetTenant: tenant });
}

/** A tenant whose id the database cannot read (text where a uuid or a number belongs) has no members. */
async function memberOf(
  guard: GuardNextOptions,
  who: { readonly user: string; readonly tenant: string },
): Promise<Member | undefined> {
  try {
    return rowOf(await asUser(who.user, () => guard.membership(who)));
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}

/** An empty list is no row either, and would let everybody in: plain JavaScript gives what its types would not let through. */
function rowOf(found: unknown): Member | undefined {
  if (found === null || found === undefined || found === false) return undefined;
  if (typeof found === 'object' && !Array.isArray(found)) return found;
  throw new TypeError('`membership` gives the row of the member or nothing: it gave a list, a number or a text.');
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html: text, number or characters that a type does not take. */
const unreadable: ReadonlySet<unknown> = new Set(['22P02', '22003', '22021', '22P05']);

function isUnreadable(error: unknown): boolean {
  let inner = error;
  for (let depth = 0; depth < 5 && inner instanceof Error; depth += 1) {
    if (unreadable.has(Reflect.get(inner, 'code'))) return true;
    inner = inner.cause;
  }
  return false;
}

/** What Postgres could not even read (it has no NUL in text) or what no id looks like is not looked up. */
function isId(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- these are what is refused
  return text.trim() !== '' && text.length <= 255 && !/[\u0000-\u001f]/.test(text);
}

/** Runs the handler's work in the scope of the caller. */
export function asCaller<T>(caller: Caller, work: () => T | PromiseLike<T>): Promise<T> {
  if (caller.kind === 'tenant') return asTenant({ user: caller.user, tenant: caller.tenant }, work);
  if (caller.kind === 'user') return asUser(caller.user, work);
  return (async () => (await work()) as T)();
}

/** The limits and freezes of the app, once it is known who asks. */
export async function askBefore(
  guard: GuardNextOptions,
  options: AnyCallOptions,
  call: Call,
  caller: Caller,
): Promise<void> {
  const facts = factsFor(guard, options, call, {
    ...(caller.kind === 'none' ? {} : { user: caller.user }),
    ...(caller.kind === 'tenant' ? { tenant: caller.tenant } : {}),
  });
  for (const before of guard.before ?? []) await before(facts);
}

/** Tells the hooks of a call that was refused without them, so that what strangers try is counted too. */
export async function tellRefused(
  guard: GuardNextOptions,
  options: AnyCallOptions,
  call: Call,
  asking: Asking,
): Promise<void> {
  const facts = factsFor(guard, options, call, asking);
  for (const { refused } of guard.before ?? []) await refused?.(facts);
}

function factsFor(
  guard: GuardNextOptions,
  options: AnyCallOptions,
  call: Call,
  who: Pick<CallFacts, 'user' | 'tenant'>,
): CallFacts {
  const address = guard.address?.(call.headers);
  return {
    name: options.name,
    kind: options.kind ?? call.kind,
    ...who,
    ...(address === undefined ? {} : { address }),
  };
}
