import { quoteAll } from '../../harm.ts';
import { leakCheck } from '../leak-check.ts';
import { isOfQuery } from '../speaks-for.ts';
import { clientTenantsOf, describeQuery, ownedRowOf, siteOf } from '../rows.ts';
import { chosenByCaller } from '../terms.ts';

/** A query without the tenant: it returns every tenant's rows, or the row of any tenant whose id the caller knows. */
export const check = leakCheck({
  id: 'path/query-ignores-tenant',
  title: 'Query ignores the tenant',
  severity: 'high',
  cwe: 862,
  reasons: ['unscoped', 'client-id', 'no-authentication'],
  applies: (path, input) => isOfQuery(path) && clientTenantsOf(path, input).length === 0,
  message: path => {
    const chosen = chosenByCaller(path.model);
    return chosen.length === 0
      ? `${describeQuery(path)} depends on nothing that identifies the caller.`
      : `${describeQuery(path)} depends on ${quoteAll(chosen)} and on no tenant.`;
  },
  repair: (path, input) => ({ kind: 'scope-query', ...siteOf(path), ...ownedRowOf(path, input) }),
});
