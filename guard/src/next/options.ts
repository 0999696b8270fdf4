import type { Fields } from '../fields.ts';
import type { Before, CallFacts } from '../hooks.ts';
import type { Session, SessionSource } from '../session/session.ts';
import type { StandardSchema } from '../standard-schema.ts';
import type { Tripwire } from '../tripwire/json.ts';

/** What guards every call of an app. */
export interface GuardNextOptions {
  /** Who is calling: `fromBetterAuth(auth)` and its like. */
  readonly session: SessionSource;
  /** Which tenant the call is about. Nothing is believed of it: `membership` decides. */
  readonly tenant: TenantSource;
  /**
   * Looks the user's membership up, in one query by user and tenant: then it takes as long for a tenant that does not
   * exist as for one that is somebody else's. Runs as `asUser`.
   */
  readonly membership: (who: {
    readonly user: string;
    readonly tenant: string;
  }) => MaybePromise<Member | null | undefined>;
  /** Limits, freezes and whatever else may refuse a call once it is known who asks. */
  readonly before?: readonly Before[];
  /** Blocks data with another tenant's id in it on its way out. */
  readonly tripwire?: Tripwire;
  /** The caller's address, from a header that your own proxy sets. Without this, limits know none. */
  readonly address?: (headers: Headers) => string | undefined;
  /** Other origins of yours whose pages may write here, such as `https://admin.example.com`. */
  readonly allowedOrigins?: readonly string[];
  /** The largest body that is read: 1 MiB without this. */
  readonly maxBodyBytes?: number;
}

/** A user's place in a tenant. */
export interface Member {
  readonly role?: string | null;
  /** The tenant's id, where the call named it otherwise (by a slug). */
  readonly tenant?: string | number;
}

/** What a call shows of itself before it is let in. */
export interface CallView {
  readonly headers: Headers;
  readonly params: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** The arguments of a server action, as they were sent. */
  readonly arguments: readonly unknown[];
}

/** Says which tenant a call is about. */
export type TenantSource = (call: CallView, session: Session) => MaybePromise<string | undefined>;

/**
 * Whose rows a call opens: a `tenant`'s, only the `user`'s own (before a tenant is known), or `none` (sign-up, login: no
 * session is asked for, and the guarded pool refuses queries).
 */
export type ScopeKind = 'tenant' | 'user' | 'none';

/** What one call declares. */
export interface CallOptions<Input extends MaybeSchema, Params extends MaybeSchema, Kind extends ScopeKind> {
  /** What limits, freezes and events call it: `'GET /api/invoices/[id]'`. */
  readonly name: string;
  /** A read or a write by its method, where nothing is said. */
  readonly kind?: CallFacts['kind'];
  readonly scope?: Kind;
  readonly tenant?: TenantSource;
  /** The roles that may call it, as `membership` names them. Every member, where nothing is said. */
  readonly roles?: readonly string[];
  /** What is sent: the query of a GET, the body of others, the last argument of an action. */
  readonly input?: Input;
  /** The parts of the path. */
  readonly params?: Params;
  /** What may leave: names of fields, or a schema. */
  readonly output?: Fields | StandardSchema;
}

/** Who a handler works for. */
export interface Callers {
  readonly tenant: { readonly user: string; readonly tenant: string; readonly role: string | undefined };
  readonly user: { readonly user: string };
  readonly none: object;
}

/** A schema, where one is declared. */
export type MaybeSchema = StandardSchema | undefined;

/** A value now or later. */
export type MaybePromise<T> = T | PromiseLike<T>;
