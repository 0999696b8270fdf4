import { isControlFlow } from '../control-flow.ts';
import { isGuardError } from '../errors.ts';
import { report } from '../events/event.ts';
import { refuse } from '../refusal.ts';

/** Who is signed in. `tenant` is the one chosen in the session; that the user is a member of it is not yet known. */
export interface Session {
  readonly user: string;
  readonly tenant?: string;
}

/** What of a request a session is read from. `node` is there for `pages/api` only. */
export interface SessionRequest {
  readonly headers: Headers;
  readonly node?: { readonly req: unknown; readonly res: unknown };
}

/** Says who is signed in, or that nobody is. Made by the adapters beside. */
export type SessionSource = (request: SessionRequest) => Promise<Session | undefined>;

/** What an adapter found in the session of its library, before it is believed. */
export interface Found {
  readonly user: unknown;
  readonly tenant?: unknown;
  readonly expiresAt?: unknown;
}

/**
 * Makes a source from a look-up: an expired session and one without a user are no session, and a look-up that fails
 * refuses. What Next.js throws to steer passes.
 */
export function sessionSource(
  library: string,
  look: (request: SessionRequest) => Found | undefined | Promise<Found | undefined>,
): SessionSource {
  return async request => {
    try {
      const found = await look(request);
      return found === undefined ? undefined : believed(found, library);
    } catch (error) {
      if (isControlFlow(error) || isGuardError(error)) throw error;
      throw refuse('no-session', `The session could not be read from ${library}.`, { cause: error });
    }
  };
}

function believed(found: Found, library: string): Session | undefined {
  if (isOver(found.expiresAt)) return undefined;
  const user = asId(found.user);
  if (user === undefined) {
    // Easily a mistake of the set-up (next-auth gives no id of its own): the developer must be able to see it.
    report({ type: 'authn_fail', outcome: 'denied', reason: `A session of ${library} has no user id.`, status: 401 });
    return undefined;
  }
  const tenant = asId(found.tenant);
  return tenant === undefined ? { user } : { user, tenant };
}

/** An id as the database gets it: text, or a number of an `integer` key. Anything else (an object, NaN) is none. */
export function asId(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim() === '' || value.length > longestId ? undefined : value;
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return String(value);
  return undefined;
}

const longestId = 255;

/** A time that cannot be read is taken as past. */
function isOver(expiresAt: unknown): boolean {
  if (expiresAt === undefined || expiresAt === null) return false;
  const time = expiresAt instanceof Date ? expiresAt.getTime() : new Date(expiresAt as string | number).getTime();
  return !(time > Date.now());
}
