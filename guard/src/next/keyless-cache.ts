import { headers } from 'next/headers.js';
import { isKeyed } from '../cache/keyed.ts';
import { refuse } from '../refusal.ts';

/**
 * For `inspect` of `guardPool`: refuses rows that were read inside of a bare `unstable_cache`, whose key has no tenant in
 * it, before it keeps them. Next.js itself says where the code runs: there, `headers()` throws
 * (https://nextjs.org/docs/app/api-reference/functions/unstable_cache). A function with `'use cache'` needs no such look: it
 * runs outside of every scope.
 *
 * @example
 * export const pool = guardPool(config, { membership, inspect: refuseKeylessCache });
 */
export function refuseKeylessCache(): void {
  if (isKeyed() || !isInUnstableCache()) return;
  throw refuse(
    'keyless-cache',
    "A tenant's rows were read inside of unstable_cache without the tenant in its key: use guardCache.",
  );
}

function isInUnstableCache(): boolean {
  try {
    void headers().catch(() => undefined);
    return false;
  } catch (error) {
    return error instanceof Error && error.message.includes('unstable_cache');
  }
}
