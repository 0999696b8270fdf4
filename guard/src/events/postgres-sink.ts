import { GuardError } from '../errors.ts';
import { quoteName } from '../sql/quote.ts';
import type { PgPool } from '../sql/transaction.ts';
import { columns } from './columns.ts';
import type { EventSink, GuardEvent } from './event.ts';

/**
 * Events as rows of `drydock.event` in the app's own Postgres, one statement for each batch. The pool is a plain one of
 * its own, with one or two connections and the role of `eventsMigration`: a flood of events then takes no connection
 * from requests, and no request can read or change what was written.
 *
 * @example
 * guardEvents({ sinks: [postgresSink(eventsPool)], hashKey: auditKey });
 */
export function postgresSink(pool: Pick<PgPool, 'query'>): EventSink {
  if ('selfTest' in pool) {
    throw new GuardError('unsafe-connection', 'Events go through a plain pool of their own, not the guarded one.');
  }
  let partitionsMade = 0;
  return {
    name: 'postgres',
    write: async events => {
      const today = Math.floor(Date.now() / 86_400_000);
      if (partitionsMade !== today) {
        await pool.query('select drydock.make_event_partitions()');
        partitionsMade = today;
      }
      await pool.query(
        insert,
        columns.map(({ name }) => valuesOf(events, name)),
      );
    },
  };
}

/** One array for each column: the statement is the same for every batch, however many rows it has. */
const insert = `insert into drydock.event (${columns.map(({ name }) => quoteName(name)).join(', ')})
select ${columns.map(({ name }) => (name === 'ts' ? 'to_timestamp(ts / 1000)' : quoteName(name))).join(', ')}
from unnest(${columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ')})
  as given (${columns.map(({ name }) => quoteName(name)).join(', ')})`;

function valuesOf(events: readonly GuardEvent[], name: keyof GuardEvent): unknown[] {
  return events.map(event => event[name] ?? null);
}
