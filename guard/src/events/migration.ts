import { quoteName } from '../sql/quote.ts';
import { columns } from './columns.ts';

/**
 * The SQL of the table of events: partitions by month, and a role that can add rows and nothing else. Run it once, as the
 * role that owns your tables; `writer` is the role of the pool that you give to `postgresSink`.
 *
 * @example
 * const sql: string = eventsMigration({ writer: 'app_events', reader: 'security' });
 */
export function eventsMigration(roles: { readonly writer: string; readonly reader?: string }): string {
  const writer = quoteName(roles.writer);
  return `${table}
grant usage on schema drydock to ${writer};
grant insert on drydock.event to ${writer};
grant execute on function drydock.make_event_partitions() to ${writer};
${roles.reader === undefined ? '' : readable(quoteName(roles.reader))}`;
}

function readable(reader: string): string {
  return `grant usage on schema drydock to ${reader};\ngrant select on drydock.event to ${reader};\n`;
}

const definitions = columns.map(({ name, type }) =>
  name === 'ts' ? 'ts timestamptz not null' : `${quoteName(name)} ${type}${isRequired(name) ? ' not null' : ''}`,
);

function isRequired(name: string): boolean {
  return ['type', 'outcome', 'actor_kind', 'reason'].includes(name);
}

// Rows come in the order of time, which is what BRIN is for: an index of a few pages for millions of rows.
// https://www.postgresql.org/docs/current/brin.html
const table = `create schema if not exists drydock;

create table if not exists drydock.event (
  ${definitions.join(',\n  ')}
) partition by range (ts);
create index if not exists event_ts on drydock.event using brin (ts);
create table if not exists drydock.event_other partition of drydock.event default;

-- This month and the next three. What came while a month had no partition is in event_other, and stays there.
create or replace function drydock.make_event_partitions()
returns void language plpgsql security definer set search_path = '' as $$
declare
  month timestamptz := date_trunc('month', now(), 'UTC');
begin
  for ahead in 0..3 loop
    begin
      execute format(
        'create table if not exists drydock.%I partition of drydock.event for values from (%L) to (%L)',
        'event_' || to_char(month at time zone 'UTC', 'YYYY_MM'), month, month + interval '1 month'
      );
    exception when check_violation or duplicate_table or unique_violation then null;
    end;
    month := date_trunc('month', month + interval '32 days', 'UTC');
  end loop;
end
$$;

-- Drops whole months, for a job of the owner.
create or replace function drydock.drop_event_partitions(keep_months int)
returns void language plpgsql set search_path = '' as $$
declare
  partition text;
begin
  for partition in
    select c.relname from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'drydock.event'::regclass and c.relname ~ '^event_[0-9]{4}_[0-9]{2}$'
      and c.relname < 'event_' || to_char(now() at time zone 'UTC' - make_interval(months => keep_months), 'YYYY_MM')
  loop
    execute format('drop table drydock.%I', partition);
  end loop;
end
$$;

revoke all on drydock.event, drydock.event_other from public;
revoke all on function drydock.make_event_partitions() from public;
revoke all on function drydock.drop_event_partitions(int) from public;
select drydock.make_event_partitions();`;
