import { AsyncResource } from 'node:async_hooks';
import { at } from '../property.ts';
import type { Submittable, WireConnection } from './wire.ts';

/** What a query that sends itself would send: its text, or none where it runs a statement under its name. */
export type SentText = { readonly sent: string | undefined } | 'hidden';

/** `pg-query-stream` keeps its text in a cursor of its own. */
export function textOf(query: Submittable): SentText {
  const text = query.text ?? at(query, 'cursor', 'text');
  if (typeof text === 'string') return { sent: text };
  return typeof at(query, 'name') === 'string' ? { sent: undefined } : 'hidden';
}

/** Tells a query that sends itself of a refusal, later, as Postgres' own errors are told. */
export function refusedItself(error: Error, query: Submittable, connection: WireConnection): Submittable {
  process.nextTick(() => query.handleError(error, connection));
  return query;
}

/**
 * Keeps what a query is told, and so the events and callbacks by which it tells the app, in the context of whoever asked.
 * Replies come in the context of the connection.
 */
export function keptHere(query: Submittable): void {
  const here = new AsyncResource('DrydockPool');
  for (const name of replies) {
    const own: unknown = Reflect.get(query, name);
    if (typeof own !== 'function') continue;
    Reflect.set(query, name, (...told: readonly unknown[]) =>
      here.runInAsyncScope(() => Reflect.apply(own, query, told) as unknown),
    );
  }
}

/** What node-postgres tells the query that runs. */
const replies = [
  'handleRowDescription',
  'handleDataRow',
  'handlePortalSuspended',
  'handleEmptyQuery',
  'handleCommandComplete',
  'handleCopyInResponse',
  'handleCopyData',
  'handleReadyForQuery',
  'handleError',
] as const;
