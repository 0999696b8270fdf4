import { isControlFlow, accessStatus } from '../control-flow.ts';
import { guardErrorIn } from '../errors.ts';
import type { InputIssue } from '../standard-schema.ts';
import { BadInput } from './input.ts';

/** A refusal as a caller may see it: the same for everything that must not be told apart. */
export interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly issues?: readonly InputIssue[];
  /** In seconds. */
  readonly retryAfter?: number;
}

/**
 * What a caller is told about something thrown; nothing for what must go on to Next.js: redirects, and failures of the
 * server, which it logs and answers without content.
 */
export function refusalOf(error: unknown): Refusal | undefined {
  const status = statusOf(error);
  const text = status === undefined ? undefined : texts[status];
  if (status === undefined || text === undefined) return undefined;
  const refusal = guardErrorIn(error);
  const retryAfter: unknown = refusal && Reflect.get(refusal, 'retryAfter');
  return {
    status,
    error: text,
    ...(refusal instanceof BadInput ? { issues: refusal.issues } : {}),
    ...(typeof retryAfter === 'number' ? { retryAfter: Math.max(1, Math.ceil(retryAfter)) } : {}),
  };
}

/** `notFound()` and `forbidden()` of Next.js are told like a refusal of the guard. */
function statusOf(error: unknown): number | undefined {
  if (isControlFlow(error)) {
    const status = accessStatus(error);
    return status === 403 ? 404 : status;
  }
  return guardErrorIn(error)?.status;
}

const missing = 'This does not exist, or you do not have access to it.';

const texts: Readonly<Record<number, string>> = {
  400: 'Some of what was sent is not valid.',
  401: 'Sign in to continue.',
  404: missing,
  429: 'Too many requests. Try again later.',
  503: 'This is switched off for the moment. Try again later.',
};

/** What everything is told that must not tell whether something exists. */
export const notFound: Refusal = { status: 404, error: missing };

/** The answer of a refusal. */
export function refusalResponse({ status, retryAfter, ...body }: Refusal): Response {
  const headers = new Headers(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) });
  makePersonal(headers);
  return Response.json(body, { status, headers });
}

/**
 * Keeps an answer out of every cache that is not the caller's own, and apart from other callers' answers there
 * (https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Cache-Control#private).
 */
export function makePersonal(headers: Headers): void {
  headers.set('cache-control', personalCacheControl(headers.get('cache-control') ?? ''));
  headers.set('vary', withVary(headers.get('vary') ?? ''));
  for (const name of [...headers.keys()].filter(isForSharedCaches)) headers.delete(name);
}

/** The headers of a personal answer that has no others. */
export const personalHeaders = { 'cache-control': 'private, no-store', vary: 'cookie, authorization' } as const;

/** What a handler said itself stays if it is for the caller's own cache. */
export function personalCacheControl(given: string): string {
  const said = given.toLowerCase();
  // `private="x-name"` keeps that header private, and the rest not.
  return /\b(?:private(?!\s*=)|no-store)\b/.test(said) && !/\b(?:public|s-maxage)\b/.test(said)
    ? given
    : 'private, no-store';
}

/** Adds what personal answers differ by. */
export function withVary(given: string): string {
  const names = given
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '');
  if (names.includes('*')) return '*';
  const known = new Set(names.map(name => name.toLowerCase()));
  return [...names, ...['cookie', 'authorization'].filter(name => !known.has(name))].join(', ');
}

/**
 * Headers that shared caches obey before `cache-control`: what RFC 9213 calls targeted (`cdn-cache-control`,
 * `netlify-cdn-cache-control`), and what was there before it, of nginx and Akamai too.
 */
export function isForSharedCaches(name: string): boolean {
  return /^(?:[\w-]+-cache-control|surrogate-control|edge-control|x-accel-expires|expires)$/i.test(name);
}
