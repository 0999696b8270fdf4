import type { RowVariable } from '../core/predicate.ts';
import { ownersByTable, type World } from '../logic/entails.ts';
import { isChosen } from '../logic/terms.ts';
import type { QueryPath } from '../model/app/types.ts';

/** Tables and columns of codes that are sent to an address, to show that one owns it. */
const codes =
  /verif|reset|confirm|magic|one_?time|(^|_)otps?(_|$)|passwordless|activation|(login|sign_?in|email)_?(token|code|link|change)/i;
/** Columns that go with a code. */
const beside = /expir|valid_until|attempt|sent|(^|_)at$|count|used|type|purpose|(^|_)(email|identifier|id)$/i;

/**
 * Whether a request writes a code that only reaches the address it is for: whoever asks for a new password names an
 * address, and nobody but its owner can go on. Not so when the answer tells the code, or more is written than the code.
 */
export function issuesSecret({ query }: QueryPath, row: RowVariable, world: World): boolean {
  const owner = ownersByTable(world.tenancy).get(row.table);
  if (owner?.ownership.kind === 'tenant' && query.operation !== 'update') return false;
  if (query.operation === 'delete') return codes.test(row.table) && query.replaced === true;
  const issued = query.issued ?? [];
  if (query.valuesOpen || issued.length === 0 || issued.some(secret => secret.told)) return false;
  if (query.operation === 'insert') return codes.test(row.table);
  const written = new Set(issued.map(secret => secret.column));
  return (
    query.operation === 'update' &&
    query.values.every(
      ({ column, value }) =>
        !isChosen(value) && (written.has(column) ? codes.test(column) || codes.test(row.table) : beside.test(column)),
    )
  );
}
