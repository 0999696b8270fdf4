import { quoteAll } from '../../harm.ts';
import { leakCheck } from '../leak-check.ts';
import { describeQuery, ownedRowOf, ownerColumnsOf, siteOf } from '../rows.ts';
import { columnsThatMayBeAbsent } from '../terms.ts';

/** The filter that scopes the query is left out when its value is undefined at run time. */
export const check = leakCheck({
  id: 'path/filter-may-be-undefined',
  title: 'Tenant filter may be undefined',
  severity: 'high',
  cwe: 639,
  reasons: ['maybe-undefined'],
  message: (path, input) => {
    const optional = columnsThatMayBeAbsent(path.model.query.where);
    const owners = ownerColumnsOf(input, path.sink.table).filter(column => optional.includes(column));
    const columns = owners.length === 0 ? optional : owners;
    const filter = columns.length === 0 ? 'the filter that scopes it' : `the filter on ${quoteAll(columns)}`;
    return `${describeQuery(path)} loses ${filter} when its value is undefined.`;
  },
  repair: (path, input) => ({ kind: 'drop-filter-option', ...siteOf(path), ...ownedRowOf(path, input) }),
});
