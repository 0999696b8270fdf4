import { sharedSchemas, type platformTables } from '../../core/platform.ts';
import type { DatabaseModel, Table } from './types.ts';
import { tableNamed } from '../../logic/named.ts';

/** Whether the platform made the table: it carries policies of the app, and nothing else of it is the app's to decide. */
export function isPlatformTable({ schema }: { readonly schema: string }, { platform }: DatabaseModel): boolean {
  return platform === 'supabase' && sharedSchemas.includes(schema);
}

/** The platform's own table of that name; a table of the app that happens to be called so is none. */
export function platformTable(database: DatabaseModel, name: (typeof platformTables)[number]): Table | undefined {
  return database.platform === 'supabase' ? tableNamed(database, name) : undefined;
}
