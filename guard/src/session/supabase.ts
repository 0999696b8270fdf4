import { at } from '../property.ts';
import { sessionSource } from './session.ts';
import type { SessionRequest, SessionSource } from './session.ts';

/** The part of a Supabase client that verifies who is signed in. `getSession` is not among it: it verifies nothing. */
export interface SupabaseAuth {
  readonly auth: {
    getUser(): Promise<unknown>;
    getClaims?(token: undefined, options: { readonly allowExpired: boolean }): Promise<unknown>;
  };
}

/** How a Supabase session is verified, and where the tenant is. */
export interface SupabaseSessionOptions {
  /**
   * `user` asks the Auth server each time and notices a user who was signed out or deleted; `claims` verifies the token's
   * signature (without a request where the project signs with asymmetric keys) and notices when it expires.
   */
  readonly verify?: 'user' | 'claims';
  /** Gets `app_metadata` only: `user_metadata` can be written by the user. */
  readonly tenant?: (appMetadata: Readonly<Record<string, unknown>>) => unknown;
}

/**
 * Reads the session from Supabase Auth, verified.
 *
 * @example
 * const session = fromSupabase(createClient, { tenant: metadata => metadata['team'] });
 */
export function fromSupabase(
  createClient: (request: SessionRequest) => SupabaseAuth | Promise<SupabaseAuth>,
  options: SupabaseSessionOptions = {},
): SessionSource {
  return sessionSource('Supabase', async request => {
    const { auth } = await createClient(request);
    if (options.verify !== 'claims') {
      const user = at(await auth.getUser(), 'data', 'user');
      if (user === null || user === undefined) return undefined;
      return { user: at(user, 'id'), tenant: options.tenant?.(metadataOf(user)) };
    }
    if (auth.getClaims === undefined) throw new TypeError('This version of supabase-js has no getClaims.');
    // It throws for a token whose time is over; here that is no session, which is seen by `exp` below.
    const claims = at(await auth.getClaims(undefined, { allowExpired: true }), 'data', 'claims');
    // The public key and the service key are tokens too; only a signed-in user's has this role.
    if (at(claims, 'role') !== 'authenticated') return undefined;
    return {
      user: at(claims, 'sub'),
      tenant: options.tenant?.(metadataOf(claims)),
      expiresAt: Number(at(claims, 'exp')) * 1000,
    };
  });
}

function metadataOf(found: unknown): Readonly<Record<string, unknown>> {
  const metadata = at(found, 'app_metadata');
  return typeof metadata === 'object' && metadata !== null ? { ...metadata } : {};
}
