import type { GuardEvent } from './event.ts';

/** A column of `drydock.event`, and the field of an event that it keeps. */
interface Column {
  readonly name: keyof GuardEvent;
  readonly type: string;
}

/** The columns in their order; `ts` is milliseconds in an event and a time in the row. */
export const columns: readonly Column[] = [
  { name: 'ts', type: 'float8' },
  { name: 'type', type: 'text' },
  { name: 'outcome', type: 'text' },
  { name: 'actor', type: 'text' },
  { name: 'actor_kind', type: 'text' },
  { name: 'tenant', type: 'text' },
  { name: 'target_tenant', type: 'text' },
  { name: 'route', type: 'text' },
  { name: 'action', type: 'text' },
  { name: 'table', type: 'text' },
  { name: 'operation', type: 'text' },
  { name: 'rows', type: 'int8' },
  { name: 'foreign_rows', type: 'int8' },
  { name: 'reason', type: 'text' },
  { name: 'place', type: 'text' },
  { name: 'status', type: 'int4' },
  { name: 'ms', type: 'float8' },
  { name: 'request_id', type: 'text' },
  { name: 'ip_hash', type: 'text' },
  { name: 'build_id', type: 'text' },
  { name: 'sample_rate', type: 'float8' },
];
