import { leakCheck } from '../leak-check.ts';
import { siteOf } from '../rows.ts';
import type { CheckInput, JudgedPath } from '../../check.ts';
import { humanizeTable, isOwned, ownerNoun, quoteAll } from '../../harm.ts';
import { callerValuesFor } from '../terms.ts';

/** A row of the caller's own tenant is made to point at a row of another one; what is joined later leaks. */
export const check = leakCheck({
  id: 'path/foreign-key-across-tenants',
  title: 'Reference to another tenant can be written',
  severity: 'medium',
  cwe: 639,
  reasons: ['foreign-key'],
  harm: (path, input) => {
    const { table } = referenceOf(path, input);
    const whose = `any other ${ownerNoun(table, input.tenancy)}'s ${humanizeTable(table)}`;
    return `Any signed-in user can tie their own ${humanizeTable(path.sink.table)} to ${whose}, and read them where the two are joined.`;
  },
  message: (path, input) => {
    const { column, table, sent } = referenceOf(path, input);
    const value = sent.length === 0 ? 'a value that the caller sends' : quoteAll(sent);
    return `'${path.entryPoint.name}' writes ${value} into '${path.sink.table}.${column}' and never asks whose row of '${table}' that is.`;
  },
  repair: (path, input) => {
    const { column, table } = referenceOf(path, input);
    return { kind: 'verify-reference', ...siteOf(path), table: path.sink.table, column, references: table };
  },
});

interface Reference {
  readonly column: string;
  readonly table: string;
  readonly sent: readonly string[];
}

/** The reference that was judged; of a row that moves, the first key to an owned table that takes a value from the caller. */
function referenceOf(path: JudgedPath, { database, tenancy }: CheckInput): Reference {
  if (path.reference !== undefined)
    return { ...path.reference, sent: callerValuesFor(path.model, path.reference.column) };
  const keys = database.tables.find(table => table.name === path.sink.table)?.foreignKeys ?? [];
  const candidates = keys.flatMap(key => {
    const [column] = key.columns;
    if (column === undefined || key.columns.length > 1 || !isOwned(tenancy, key.table)) return [];
    return [{ column, table: key.table, sent: callerValuesFor(path.model, column) }];
  });
  return (
    candidates.find(candidate => candidate.sent.length > 0) ?? candidates[0] ?? { column: '?', table: '?', sent: [] }
  );
}
