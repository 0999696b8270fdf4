import { GuardError } from '../errors.ts';
import { quoteName } from '../sql/quote.ts';
import type { PgPool } from '../sql/transaction.ts';
import { columns } from './columns.ts';
import { CopyFrom, copyValue } from './copy.ts';
import type { EventSink, GuardEvent } from './event.ts';

/**
 * Events as rows of `drydock.event` in the app's own Postgres, one COPY for each batch. The pool is a plain one of its own, with one or two connections and the role of `eventsMigration`: a flood of events then takes no connection
 * from requests, and no request can read or change what was written.
 *
 * @example
 * guardEvents({ sinks: [postgresSink(eventsPool)], hashKey: auditKey });
 */
export function postgresSink(pool: Pick<PgPool, 'query'>): EventSink {
  if ('selfTest' in pool) {
    throw new GuardError('unsafe-connection', 'Events go through a plain pool of their own, not the guarded one.');
  }
  // A pool passes on what sends itself; its types say so for clients only.
  const query = pool.query.bind(pool) as (one: string | CopyFrom) => Promise<unknown>;
  let partitionsMade = 0;
  return {
    name: 'postgres',
    write: async events => {
      const today = Math.floor(Date.now() / 86_400_000);
      if (partitionsMade !== today) {
        await query('select drydock.make_event_partitions()');
        partitionsMade = today;
      }
      await query(copyOf(events));
    },
  };
}

/** Columns that no event of the batch fills are left out, which spares both sides much of the work. */
function copyOf(events: readonly GuardEvent[]): CopyFrom {
  const filled = besideTs.filter(name => events.some(event => event[name] !== undefined));
  let [rows, ts, time] = ['', Number.NaN, ''];
  for (const event of events) {
    // Many events are of the same millisecond.
    if (event.ts !== ts) [ts, time] = [event.ts, new Date(event.ts).toISOString()];
    rows += time;
    for (const name of filled) rows += `\t${copyValue(event[name])}`;
    rows += '\n';
  }
  return new CopyFrom(`copy drydock.event (${['ts' as const, ...filled].map(quoteName).join(', ')}) from stdin`, rows);
}

const besideTs = columns.map(({ name }) => name).filter(name => name !== 'ts');
