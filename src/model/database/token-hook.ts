import { once } from '../../core/once.ts';
import type { DatabaseFunction, DatabaseModel } from './types.ts';

/**
 * Functions that Supabase's auth server asks what a token says, each time that it issues one: they are granted to it by name.
 * https://supabase.com/docs/guides/auth/auth-hooks/custom-access-token-hook
 */
export const tokenHooks = once((database: DatabaseModel): readonly DatabaseFunction[] =>
  database.platform === 'supabase' ? database.functions.filter(isTokenHook) : [],
);

function isTokenHook(definition: DatabaseFunction): boolean {
  const [event, ...others] = definition.arguments;
  return (
    event?.type === 'jsonb' &&
    others.length === 0 &&
    definition.returns === 'jsonb' &&
    definition.grants.some(({ role }) => role === 'supabase_auth_admin') &&
    /\bclaims\b/.test(definition.body)
  );
}
