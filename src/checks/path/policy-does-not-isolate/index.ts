import { leakCheck } from '../leak-check.ts';
import { describeQuery, siteOf } from '../rows.ts';

/** The database client is bound to the session, and the policy, view or function that the query relies on lets other tenants' rows through. */
export const check = leakCheck({
  id: 'path/policy-does-not-isolate',
  title: 'The policy behind the query does not isolate',
  severity: 'high',
  cwe: 863,
  reasons: ['policy-leaks'],
  message: path => {
    const role = path.model.client.sqlRole ?? path.sink.role;
    return `${describeQuery(path)} leaves the isolation to the database, where '${path.model.query.calls?.function ?? path.sink.table}' lets the role '${role}' reach other tenants' rows.`;
  },
  repair: path => ({
    kind: 'repair-object',
    ...siteOf(path),
    object: path.model.query.calls?.function ?? path.sink.table,
    operation: path.sink.operation,
    ...(path.model.client.sqlRole === undefined ? {} : { sqlRole: path.model.client.sqlRole }),
  }),
});
