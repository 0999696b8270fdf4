import { ownersByTable } from '../logic/entails.ts';
import { conjunctsOf } from '../logic/equalities.ts';
import { sqlName } from '../logic/closure.ts';
import type { AppModel, QueryPath } from '../model/app/types.ts';
import type { DatabaseModel } from '../model/database/types.ts';
import type { TenancyModel } from '../model/tenancy/types.ts';

/** Columns, by table, that hold addresses which their owners confirmed. */
export type ConfirmedAddresses = ReadonlyMap<string, readonly string[]>;

/**
 * Columns of e-mail addresses that the app fills from nothing but letters: rows found by a secret that was sent to the
 * address in them. Whose row has the address, was given it by whoever reads the mail.
 */
export function confirmedAddresses(
  app: AppModel | undefined,
  database: DatabaseModel,
  tenancy: TenancyModel,
): ConfirmedAddresses {
  const found = new Map<string, readonly string[]>();
  for (const table of database.tables) {
    const name = sqlName(table);
    if (name === tenancy.principal?.table) continue;
    const columns = table.columns.map(column => column.name).filter(column => isAddress(column));
    const writes =
      columns.length === 0
        ? []
        : (app?.queries ?? []).filter(
            ({ query }) => query.table === name && query.operation !== 'read' && query.operation !== 'delete',
          );
    const confirmed = columns.filter(column => {
      const filling = writes.filter(path => path.query.valuesOpen || valueOf(path, column) !== undefined);
      return filling.length > 0 && filling.every(path => isFromLetter(path, column, tenancy));
    });
    if (confirmed.length > 0) found.set(name, confirmed);
  }
  return found;
}

function isAddress(column: string): boolean {
  return /(?:^|_)e?mail(?:_?address)?$|Email(?:Address)?$/.test(column);
}

function valueOf({ query }: QueryPath, column: string): QueryPath['query']['values'][number]['value'] | undefined {
  return query.values.find(entry => entry.column === column)?.value;
}

function isFromLetter(path: QueryPath, column: string, tenancy: TenancyModel): boolean {
  const value = valueOf(path, column);
  if (path.query.valuesOpen || value?.kind !== 'column' || !isAddress(value.column)) return false;
  return path.facts.some(({ holds, weakness }) => {
    if (weakness !== undefined || holds.kind !== 'row' || holds.row.name !== value.row) return false;
    const secrets = ownersByTable(tenancy).get(holds.row.table)?.capabilityColumns ?? [];
    return (
      holds.row.table !== path.query.table &&
      conjunctsOf(holds.row.where).some(
        conjunct =>
          conjunct.kind === 'compare' &&
          conjunct.operator === '=' &&
          conjunct.left.kind === 'column' &&
          conjunct.left.row === holds.row.name &&
          secrets.includes(conjunct.left.column) &&
          (conjunct.right.kind === 'client' || conjunct.right.kind === 'call'),
      )
    );
  });
}
