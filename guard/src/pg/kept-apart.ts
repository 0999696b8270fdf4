import { AsyncLocalStorage } from 'node:async_hooks';
import { processWide } from '../process-wide.ts';
import type { QueryConfig } from './wire.ts';

/** Set while a query of a Prisma client runs that keeps its callers apart: `guardPrisma`. */
export const keptApart = processWide('prisma/1', () => new AsyncLocalStorage<true>());

/**
 * Whether a query comes from a Prisma client that does not keep its callers apart. Its adapter is known by what it asks
 * node-postgres for: rows as lists, and times as texts of another form.
 */
export function mixesCallers({ rowMode, types }: QueryConfig): boolean {
  if (rowMode !== 'array' || keptApart.getStore()) return false;
  const read = types?.getTypeParser?.(timestamptz, 'text')?.(moment);
  return typeof read === 'string' && read !== moment;
}

const timestamptz = 1184;
const moment = '2000-01-01 00:00:00+00';

/** Why such a query is refused. */
export const mixed = "Prisma without guardPrisma asks in another caller's scope.";
