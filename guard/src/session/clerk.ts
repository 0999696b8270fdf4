import { at } from '../property.ts';
import { sessionSource } from './session.ts';
import type { SessionSource } from './session.ts';

/** `auth` of `@clerk/nextjs/server`, or its `getAuth` for `pages/api`. */
export type Clerk = (...parameters: never[]) => unknown;

/**
 * Reads the session from Clerk; the tenant is the active organization. A session with a task left to do (`pending`) and
 * a machine's token are no session of a user, see https://clerk.com/docs/references/backend/types/auth-object.
 *
 * @example
 * const { guardRoute } = guardNext({ session: fromClerk(auth), tenant: tenantFromSession(), membership });
 */
export function fromClerk(auth: Clerk): SessionSource {
  const ask = auth as unknown as (...parameters: readonly unknown[]) => unknown;
  return sessionSource('Clerk', async ({ node }) => {
    const found: unknown = await ask(...(node === undefined ? [] : [node.req]));
    const user = at(found, 'userId');
    if (user === null || user === undefined || !isOfUser(found)) return undefined;
    // No look at the token's end: it is verified when a request comes in, and lasts a minute, which a request may outlive.
    return { user, tenant: at(found, 'orgId') };
  });
}

function isOfUser(found: unknown): boolean {
  const token = at(found, 'tokenType') ?? 'session_token';
  const status = at(found, 'sessionStatus') ?? at(found, 'sessionClaims', 'sts') ?? 'active';
  return token === 'session_token' && status === 'active' && at(found, 'isAuthenticated') !== false;
}
