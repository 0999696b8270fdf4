import { ownerOf, quoteAll } from '../../harm.ts';
import { leakCheck } from '../leak-check.ts';
import { isOfQuery } from '../speaks-for.ts';
import { clientTenantsOf, describeQuery, ownedRowOf, siteOf } from '../rows.ts';

/** A query that takes the tenant, or the owner, from what the caller sent: whoever sends another one gets another one's rows. */
export const check = leakCheck({
  id: 'path/query-trusts-client-id',
  title: 'Query trusts a tenant id from the client',
  severity: 'high',
  cwe: 639,
  reasons: ['unscoped', 'client-id', 'no-authentication'],
  applies: (path, input) => isOfQuery(path) && clientTenantsOf(path, input).length > 0,
  message: (path, input) => {
    const noun = ownerOf(input.tenancy, path.sink.table)?.ownership.kind === 'user' ? 'owner' : 'tenant';
    return `${describeQuery(path)} takes its ${noun} from ${quoteAll(clientTenantsOf(path, input))}, which the caller sends.`;
  },
  repair: (path, input) => ({
    kind: 'ignore-client-tenant',
    client: clientTenantsOf(path, input),
    ...siteOf(path),
    ...ownedRowOf(path, input),
  }),
});
