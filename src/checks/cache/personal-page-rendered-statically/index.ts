import { humanizeTable, isOwned } from '../../harm.ts';
import { observedCheck } from '../../observed.ts';

/** A page that reads a tenant's rows, asks for no session, and is rendered once for all. */
export const check = observedCheck({
  id: 'cache/personal-page-rendered-statically',
  title: 'Personal page is rendered statically',
  severity: 'high',
  cwe: 524,
  kind: 'static-rendering',
  faults: ({ place, how, entryPoint, tables }, { tenancy, paths }) => {
    const reached = paths.filter(path => path.entryPoint.name === entryPoint && path.verdict === 'leaks');
    const table = tables.find(name => isOwned(tenancy, name) && reached.some(path => path.sink.table === name));
    if (table === undefined) return [];
    return [
      {
        harm: `One customer's ${humanizeTable(table)} are rendered into a page that is kept and shown to anyone.`,
        message: `'${entryPoint}' reads '${table}' and is rendered ahead of the request ('${how}').`,
        entryPoints: [entryPoint],
        object: table,
        repair: { kind: 'render-per-request', place, entryPoint, how },
      },
    ];
  },
});
