/** What a database has before the app's first migration: Supabase's schemas and roles, or nothing. */
export type Platform = 'supabase' | 'plain';

/** Tables of Supabase on which apps write policies, or to which their tables refer. */
export const platformTables = ['auth.users', 'storage.objects', 'storage.buckets', 'realtime.messages'] as const;

/** Schemas whose tables are Supabase's and whose policies are the app's. */
export const sharedSchemas = ['auth', 'storage', 'realtime'];

/** Schemas that are no part of an app, on each platform: on a plain Postgres every other name is the app's own to give. */
export const foreignSchemas: Readonly<Record<Platform, readonly string[]>> = {
  supabase: sharedSchemas.concat(
    'vault extensions cron net graphql graphql_public pgmq pgsodium pgsodium_masks pgbouncer'.split(' '),
    'supabase_functions supabase_migrations _realtime _analytics drizzle'.split(' '),
  ),
  plain: ['drizzle', 'neon', 'pgbouncer', 'pgmq', 'supabase_migrations'],
};
