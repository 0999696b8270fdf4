import { at } from '../property.ts';

/** What a key or token opens. */
export type KeyKind = 'public' | 'user' | 'service';

/** The claims of a token. Its signature is not looked at here: Supabase does, with each request. */
export interface Claims {
  readonly [name: string]: unknown;
  /** What the user cannot write; nothing where the token has none. */
  readonly app_metadata: Readonly<Record<string, unknown>>;
}

/** What a key opens. A key of a form that is not known is taken for one that opens everything. */
export function kindOf(key: string): KeyKind {
  if (key.startsWith('sb_publishable_')) return 'public';
  const role = claimsOf(key)?.['role'];
  if (role === 'anon') return 'public';
  return role === 'authenticated' ? 'user' : 'service';
}

/** The claims of a JWT, if it is one. */
export function claimsOf(token: string): Claims | undefined {
  const [, payload = '', ...rest] = token.split('.');
  if (rest.length !== 1) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return undefined;
    return { ...claims, app_metadata: { ...Object(at(claims, 'app_metadata')) } };
  } catch {
    return undefined;
  }
}
