import type { DatabaseModel } from './types.ts';

/** Whether a schema has the name of one in which Supabase keeps what is its own. */
export function isPlatformSchema(schema: string): boolean {
  return /^(auth|storage|realtime)$/.test(schema);
}

/** Whether the platform made the table: it carries policies of the app, and nothing else of it is the app's to decide. */
export function isPlatformTable({ schema }: { readonly schema: string }, { platform }: DatabaseModel): boolean {
  return platform === 'supabase' && isPlatformSchema(schema);
}
