/**
 * Whether something thrown is Next.js steering (a redirect, `notFound()`, leaving a prerender) and not a failure: it must
 * reach Next.js as it is, see https://nextjs.org/docs/app/api-reference/functions/unstable_rethrow. All of them carry a
 * digest, or are React's postpone.
 */
export function isControlFlow(error: unknown): error is Error {
  if (typeof error !== 'object' || error === null) return false;
  if (Reflect.get(error, '$$typeof') === Symbol.for('react.postpone')) return true;
  const digest: unknown = Reflect.get(error, 'digest');
  if (typeof digest === 'string' && steering.test(digest)) return true;
  // Libraries wrap what they catch; Next.js looks at the cause too.
  return error instanceof Error && error.cause !== error && isControlFlow(error.cause);
}

const steering = /^(?:NEXT_|DYNAMIC_SERVER_USAGE$|BAILOUT_TO_CLIENT_SIDE_RENDERING$|HANGING_PROMISE_REJECTION$)/;

/** The status that `notFound()`, `forbidden()` and `unauthorized()` ask for, if that is what was thrown. */
export function accessStatus(error: unknown): number | undefined {
  if (!isControlFlow(error)) return undefined;
  const digest: unknown = Reflect.get(error, 'digest');
  const status = typeof digest === 'string' ? /^NEXT_HTTP_ERROR_FALLBACK;(\d{3})$/.exec(digest)?.[1] : undefined;
  return status === undefined ? undefined : Number(status);
}
