import type { Operation } from '../core/path.ts';
import type { RowVariable, Term } from '../core/predicate.ts';
import { tablesByName } from '../logic/closure.ts';
import type { Answer, World } from '../logic/entails.ts';
import { assignedEqualitiesOf, equalitiesOf, equalTo } from '../logic/equalities.ts';
import type { Fact } from '../model/app/types.ts';

/** A row of a table that names no tenant and no user, with what is known of it. */
interface Hung {
  readonly row: RowVariable;
  readonly operation: Operation;
  readonly beside: readonly RowVariable[];
}

/** Columns that name another row. */
const naming = /(?:_id|Id|_key|Key|_by|By)$/;

/**
 * Whether the row is kept under the key of a row that is the caller's own: attachments, shares and the like that name what
 * they belong to by its id and of what kind it is, with no key that the database knows.
 */
export function hangsOnOwn(
  { row, operation, beside }: Hung,
  facts: readonly Fact[],
  ask: (row: RowVariable) => Answer,
  { database }: World,
): boolean {
  const found = facts.flatMap(({ holds, each }) => (holds.kind === 'row' && each === undefined ? [holds.row] : []));
  const rows = [...found, ...beside.filter(other => other.name !== row.name)];
  const conditions = facts.flatMap(({ holds }) => (holds.kind === 'condition' ? [holds.condition] : []));
  const own = operation === 'insert' ? assignedEqualitiesOf(row.where) : equalitiesOf(row.where);
  const pairs = [...own, ...[...rows.map(({ where }) => where), ...conditions].flatMap(equalitiesOf)];
  const keys = namesIn(row.name, own).flatMap(term => [...equalTo(term, pairs).values()]);
  return rows.some(parent => {
    const table = tablesByName(database).get(parent.table);
    const [key, ...others] = table?.primaryKey ?? [];
    if (key === undefined || others.length > 0) return false;
    const isNamed = keys.some(term => term.kind === 'column' && term.row === parent.name && term.column === key);
    return isNamed && ask(parent).kind === 'owned';
  });
}

/** What the columns of the row that name another one are equal to. */
function namesIn(row: string, pairs: readonly (readonly [Term, Term])[]): readonly Term[] {
  return pairs.flatMap(([left, right]) =>
    [left, right].filter(term => term.kind === 'column' && term.row === row && naming.test(term.column)),
  );
}
