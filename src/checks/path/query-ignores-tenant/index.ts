import { leakCheck } from '../leak-check.ts';
import { isAdministrative } from '../administration.ts';
import { describeQuery, ownedRowOf, siteOf } from '../rows.ts';

/** A query whose rows depend on nothing that identifies the caller: every tenant's rows come back. */
export const check = leakCheck({
  id: 'path/query-ignores-tenant',
  title: 'Query ignores the tenant',
  severity: 'high',
  cwe: 862,
  reasons: ['unscoped'],
  applies: path => !isAdministrative(path),
  message: path => `${describeQuery(path)} depends on nothing that identifies the caller.`,
  repair: (path, input) => ({ kind: 'scope-query', ...siteOf(path), ...ownedRowOf(path, input) }),
});
