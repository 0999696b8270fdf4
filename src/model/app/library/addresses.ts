import type { Term } from '../../../core/predicate.ts';

/** What a request for a route says of its own address; `what` is `url` or `url.pathname`. */
export function addressOf(what: 'url' | 'url.pathname', route: string | undefined): Term {
  return { kind: 'client', path: route === undefined ? what : `${what} of ${route}` };
}

/** The route for which the address is; absent when the term is no address of a request. */
export function routeOfAddress(term: Term): { readonly route: string | undefined } | undefined {
  if (term.kind !== 'client') return undefined;
  const [, , route] = /^(url)(?: of (.*))?$/.exec(term.path) ?? [];
  return term.path === 'url' || route !== undefined ? { route } : undefined;
}

/**
 * Whether a request that reached the route has another path than this. A proxy may have added the first part
 * (https://nextjs.org/docs/app/api-reference/functions/next-response#rewrite), so that the rest is compared as well.
 */
export function isOtherPath(term: Term, path: unknown): boolean {
  const route = term.kind === 'client' ? /^url\.pathname of (.*)$/.exec(term.path)?.[1] : undefined;
  if (route === undefined || typeof path !== 'string' || !path.startsWith('/')) return false;
  const asked = path.split('/').filter(part => part !== '');
  const [first, ...rest] = route.split('/').filter(part => part !== '');
  return first !== undefined && ![[first, ...rest], rest].some(pattern => matches(pattern, asked));
}

function matches(pattern: readonly string[], asked: readonly string[]): boolean {
  const open = pattern.findIndex(part => /^\[{1,2}\.\.\./.test(part));
  const fixed = open < 0 ? pattern : pattern.slice(0, open);
  if (open < 0 ? asked.length !== fixed.length : asked.length < fixed.length) return false;
  return fixed.every((part, index) => part.startsWith('[') || part === asked[index]);
}
