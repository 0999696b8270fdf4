import { at } from '../property.ts';
import { sessionSource } from './session.ts';
import type { SessionSource } from './session.ts';

/** `auth` of Auth.js 5, or `getServerSession` of next-auth 4. Both take the request and answer of `pages/api` before. */
export type AuthJs = (...parameters: never[]) => unknown;

/** Where an app keeps its ids in the session of Auth.js, and the options that next-auth 4 wants. */
export interface AuthJsOptions {
  /** next-auth 4 only: the options that its route handler has too. */
  readonly authOptions?: object;
  /** Auth.js puts no id into the session by itself; a `session` callback does. Without this: `session.user.id`. */
  readonly user?: (session: unknown) => unknown;
  readonly tenant?: (session: unknown) => unknown;
}

/**
 * Reads the session from Auth.js 5 (`auth`) or next-auth 4 (`getServerSession` and its options).
 *
 * @example
 * const session = fromAuthJs(getServerSession, { authOptions });
 */
export function fromAuthJs(auth: AuthJs, options: AuthJsOptions = {}): SessionSource {
  const ask = auth as unknown as (...parameters: readonly unknown[]) => unknown;
  const last = options.authOptions === undefined ? [] : [options.authOptions];
  return sessionSource('Auth.js', async ({ node }) => {
    const found: unknown = await ask(...(node === undefined ? [] : [node.req, node.res]), ...last);
    if (found === null || found === undefined) return undefined;
    return {
      user: options.user === undefined ? at(found, 'user', 'id') : options.user(found),
      tenant: options.tenant?.(found),
      expiresAt: at(found, 'expires') ?? Number.NaN,
    };
  });
}
