import { at } from '../property.ts';
import { sessionSource } from './session.ts';
import type { SessionSource } from './session.ts';

/** The part of a better-auth instance that says who is signed in. */
export interface BetterAuth {
  readonly api: {
    getSession(context: {
      readonly headers: Headers;
      readonly query?: { readonly disableCookieCache?: boolean };
    }): Promise<unknown>;
  };
}

/**
 * Reads the session from better-auth; the tenant is the active organization, where that plugin is used. With `fresh` the
 * cookie cache is passed over, so that a revoked session ends at once
 * (https://www.better-auth.com/docs/concepts/session-management#cookie-cache).
 *
 * @example
 * const { guardRoute } = guardNext({ session: fromBetterAuth(auth), tenant: tenantFromSession(), membership });
 */
export function fromBetterAuth(auth: BetterAuth, options: { readonly fresh?: boolean } = {}): SessionSource {
  const query = options.fresh === true ? { query: { disableCookieCache: true } } : {};
  return sessionSource('better-auth', async ({ headers }) => {
    const found = await auth.api.getSession({ headers, ...query });
    if (found === null || found === undefined) return undefined;
    return {
      user: at(found, 'user', 'id'),
      tenant: at(found, 'session', 'activeOrganizationId'),
      expiresAt: at(found, 'session', 'expiresAt') ?? unknownTime,
    };
  });
}

/** better-auth always tells when a session ends; where it does not, something else answered. */
const unknownTime = Number.NaN;
