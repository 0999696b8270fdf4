import type { GuardError } from '../errors.ts';
import { refuse } from '../refusal.ts';
import { currentScope, tenantOf, userOf } from '../scope.ts';
import { claimsOf, kindOf } from './claims.ts';
import type { Claims } from './claims.ts';

/** What is compared beside the user. */
export interface SupabaseOptions {
  /** Where the token names the tenant, such as `claims => claims.app_metadata.team`. Compared with the scope's, if given. */
  readonly tenant?: (claims: Claims) => unknown;
}

/** Why a client with the service key may not work here, if so: it opens every tenant's rows, whatever the policies say. */
export function serviceRefusal(): GuardError | undefined {
  if (currentScope()?.mode === 'admin') return undefined;
  return refuse('no-scope', 'The service key opens the rows of every tenant: use it inside of asAdmin(reason).');
}

/** Why a client of a user may not work here, if so. */
export function userRefusal(): GuardError | undefined {
  const scope = currentScope();
  if (scope !== undefined && userOf(scope) !== undefined) return undefined;
  return refuse('no-scope', 'A Supabase client of a user was used outside of a scope with a user.');
}

/** Why a token may not be used here, if so: it must be the scope's user's, not over, and name the scope's tenant. */
export function tokenRefusal(token: string, options: SupabaseOptions): GuardError | undefined {
  const outside = userRefusal();
  const scope = currentScope();
  if (outside !== undefined || scope === undefined) return outside;
  const claims = kindOf(token) === 'user' ? claimsOf(token) : undefined;
  if (claims === undefined) return refuse('no-session', 'A Supabase client has no token of a user.');
  const ends = claims['exp'];
  if (typeof ends !== 'number' || ends * 1000 <= Date.now()) return refuse('no-session', 'A Supabase token is over.');
  if (claims['sub'] !== userOf(scope))
    return refuse('scope-crossed', "A Supabase token is another user's than the scope's.");
  const tenant = tenantOf(scope);
  if (options.tenant === undefined || tenant === undefined || options.tenant(claims) === tenant) return undefined;
  return refuse('scope-crossed', "A Supabase token names another tenant than the scope's.");
}
