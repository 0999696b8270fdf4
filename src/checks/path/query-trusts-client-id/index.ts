import { quoteAll } from '../../harm.ts';
import { leakCheck } from '../leak-check.ts';
import { describeQuery, ownedRowOf, ownerColumnsOf, siteOf } from '../rows.ts';
import { callerValuesFor, chosenByCaller } from '../terms.ts';

/** A query that picks its row, or its tenant, by a value the caller sent and nothing else. */
export const check = leakCheck({
  id: 'path/query-trusts-client-id',
  title: 'Query trusts an id from the client',
  severity: 'high',
  cwe: 639,
  reasons: ['client-id'],
  message: path => {
    const chosen = chosenByCaller(path.model);
    return `${describeQuery(path)} depends on ${chosen.length === 0 ? 'a value that the caller sends' : quoteAll(chosen)} and on no tenant.`;
  },
  repair: (path, input) => {
    const tenant = ownerColumnsOf(input, path.sink.table).flatMap(column => callerValuesFor(path.model, column));
    const row = { ...siteOf(path), ...ownedRowOf(path, input) };
    return tenant.length === 0 ? { kind: 'scope-query', ...row } : { kind: 'ignore-client-tenant', client: tenant, ...row };
  },
});
