/** Who is signed in, from the library that an app has for it. */
export { fromAuthJs } from './auth-js.ts';
export type { AuthJs, AuthJsOptions } from './auth-js.ts';
export { fromBetterAuth } from './better-auth.ts';
export type { BetterAuth } from './better-auth.ts';
export { fromClerk } from './clerk.ts';
export type { Clerk } from './clerk.ts';
export { fromCustom } from './custom.ts';
export { fromIronSession } from './iron-session.ts';
export { fromSupabase } from './supabase.ts';
export type { SupabaseAuth, SupabaseSessionOptions } from './supabase.ts';
export type { Found, Session, SessionRequest, SessionSource } from './session.ts';
