import { refuse } from '../refusal.ts';

/** What decides whether a page of another site may have made a browser send this. */
export interface CrossSiteOptions {
  readonly method: string;
  readonly headers: Headers;
  readonly allowedOrigins: readonly string[];
}

/**
 * Refuses a write that a browser sent for another site's page. As Next.js does for server actions
 * (https://nextjs.org/docs/app/guides/data-security#allowed-origins), the origin must be the host that was asked for; a
 * browser that sends `Sec-Fetch-Site` is asked first (https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site).
 * Where both are missing no browser sent it, and no cookie came along without somebody's will.
 */
export function refuseCrossSite(options: CrossSiteOptions): void {
  if (isSafe(options.method) || isOwn(options)) return;
  throw refuse('forbidden', 'A page of another site sent a write.');
}

function isOwn({ headers, allowedOrigins }: CrossSiteOptions): boolean {
  const origin = headers.get('origin');
  if (origin !== null && allowedOrigins.includes(origin)) return true;
  const site = headers.get('sec-fetch-site');
  if (site !== null) return site === 'same-origin' || site === 'none';
  return origin === null || hostOf(origin) === askedHost(headers);
}

function isSafe(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}

/** `null` is what sandboxed frames and some redirects send: nobody's host. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

/** A page of another site cannot set this header without asking first (a preflight), which Next.js does not answer. */
function askedHost(headers: Headers): string | undefined {
  const forwarded = headers.get('x-forwarded-host')?.split(',')[0]?.trim();
  return (forwarded === undefined || forwarded === '' ? headers.get('host') : forwarded) ?? '';
}
