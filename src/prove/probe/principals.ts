import { CookieJar } from 'tough-cookie';
import type { RawAnswer } from './views.ts';

/** Who sends a request: a seeded user by role, or nobody. */
export type PrincipalName = 'anonymous' | `${'A' | 'B' | 'C'}.users.${number}` | 'stranger' | 'memberOfBoth';

/** A request ready to be sent. */
export interface WireRequest {
  readonly method: string;
  /** Path with query, starting with `/`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | FormData | URLSearchParams;
}

/** A principal with its cookies, able to send requests. */
export interface Principal {
  readonly name: PrincipalName;
  readonly email: string | undefined;
  readonly cookieNames: () => readonly string[];
  readonly send: (request: WireRequest) => Promise<RawAnswer>;
}

const longestWaitMs = 10_000;

/** A principal whose cookies persist from request to request. Redirects are answers, not followed. */
export function createPrincipal(name: PrincipalName, email: string | undefined, baseUrl: string): Principal {
  const jar = new CookieJar();
  return {
    name,
    email,
    cookieNames: () => jar.getCookiesSync(baseUrl).map(cookie => cookie.key),
    send: async request => {
      const cookie = jar.getCookieStringSync(baseUrl);
      const response = await fetch(`${baseUrl}${request.path}`, {
        method: request.method,
        redirect: 'manual',
        headers: { 'user-agent': 'drydock-probe', ...request.headers, ...(cookie === '' ? {} : { cookie }) },
        signal: AbortSignal.timeout(longestWaitMs),
        ...(request.body === undefined ? {} : { body: request.body }),
      });
      for (const line of response.headers.getSetCookie()) jar.setCookieSync(line, baseUrl, { ignoreError: true });
      return {
        status: response.status,
        headers: [...response.headers],
        body: new Uint8Array(await response.arrayBuffer()),
      };
    },
  };
}
