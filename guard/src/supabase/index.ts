/** Clients of Supabase that open no more than the scope does. */
export type { Claims } from './claims.ts';
export type { SupabaseOptions } from './gate.ts';
export { guardSupabase } from './guard-supabase.ts';
export type { SupabaseClient } from './guard-supabase.ts';
