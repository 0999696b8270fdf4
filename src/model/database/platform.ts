import type { DatabaseModel, Table } from './types.ts';

/** What a database has before the app's first migration: Supabase's schemas and roles, or nothing. */
export type Platform = DatabaseModel['platform'];

/** Tables of Supabase on which apps write policies, or to which their tables refer. */
export const platformTables = ['auth.users', 'storage.objects', 'storage.buckets', 'realtime.messages'] as const;

/** Schemas whose tables are Supabase's and whose policies are the app's. */
const sharedSchemas = ['auth', 'storage', 'realtime'];

/** Schemas that are no part of an app, on each platform: on a plain Postgres every other name is the app's own to give. */
export const foreignSchemas: Readonly<Record<Platform, readonly string[]>> = {
  supabase: sharedSchemas.concat(
    'vault extensions cron net graphql graphql_public pgmq pgsodium pgsodium_masks pgbouncer'.split(' '),
    'supabase_functions supabase_migrations _realtime _analytics drizzle'.split(' '),
  ),
  plain: ['drizzle', 'neon', 'pgbouncer', 'pgmq', 'supabase_migrations'],
};

/** Whether the platform made the table: it carries policies of the app, and nothing else of it is the app's to decide. */
export function isPlatformTable({ schema }: { readonly schema: string }, { platform }: DatabaseModel): boolean {
  return platform === 'supabase' && sharedSchemas.includes(schema);
}

/** The platform's own table of that name; a table of the app that happens to be called so is none. */
export function platformTable(database: DatabaseModel, name: (typeof platformTables)[number]): Table | undefined {
  return database.platform === 'supabase' ? database.tables.find(table => table.name === name) : undefined;
}
