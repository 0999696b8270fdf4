import { quoteAll } from '../../harm.ts';
import { leakCheck } from '../leak-check.ts';
import { clientTenantsOf, ownedRowOf, siteOf } from '../rows.ts';
import { chosenByCaller } from '../terms.ts';

/** An assistant's tool lets the language model choose the tenant or the row: whoever writes the prompt chooses it. */
export const check = leakCheck({
  id: 'path/tool-trusts-model-arguments',
  title: 'Assistant tool trusts the model for the tenant',
  severity: 'high',
  cwe: 639,
  reasons: ['tool-argument'],
  message: (path, input) => {
    const tenants = clientTenantsOf(path, input);
    const chosen = tenants.length === 0 ? chosenByCaller(path.model) : tenants;
    const what =
      chosen.length === 0 ? 'an argument that the model chooses' : `${quoteAll(chosen)}, which the model chooses,`;
    return `'${path.entryPoint.name}' reaches '${path.sink.table}' by ${what} and by nothing of the session.`;
  },
  repair: (path, input) => ({
    kind: 'tool-uses-session',
    arguments: chosenByCaller(path.model),
    ...siteOf(path),
    ...ownedRowOf(path, input),
  }),
});
