import { quoteAll } from '../../harm.ts';
import { leakCheck } from '../leak-check.ts';
import { describeQuery, ownedRowOf, siteOf } from '../rows.ts';
import { chosenByCaller } from '../terms.ts';

/** A tenant was verified on the path, and the query then picks an object that may belong to another one. */
export const check = leakCheck({
  id: 'path/object-not-tied-to-tenant',
  title: 'Object not tied to the verified tenant',
  severity: 'high',
  cwe: 639,
  reasons: ['unbound-object'],
  message: path => {
    const chosen = chosenByCaller(path.model);
    const what = chosen.length === 0 ? 'another value' : quoteAll(chosen);
    return `${describeQuery(path)} picks the row by ${what}; the tenant that was verified before is not part of it.`;
  },
  repair: (path, input) => ({ kind: 'tie-object', ...siteOf(path), ...ownedRowOf(path, input) }),
});
