import { ownerOf, quoteAll } from '../../harm.ts';
import { observedCheck, type Observed } from '../../observed.ts';

/** A row is sent to the browser whole, and one of its columns is a hash, a token, a key or payment data. */
export const check = observedCheck({
  id: 'exposure/secret-column-reaches-client',
  title: 'Secret column reaches the client',
  severity: 'high',
  cwe: 200,
  kind: 'output',
  faults: ({ place, entryPoint, table, columns, to }, { tenancy }) => {
    const secret = (ownerOf(tenancy, table)?.secretColumns ?? []).filter(
      column => columns === undefined || columns.includes(column),
    );
    if (secret.length === 0) return [];
    return [
      {
        harm: `The browser receives ${quoteAll(secret)} of '${table}', which only the server may know.`,
        message: `'${entryPoint}' puts ${columns === undefined ? 'every column' : quoteAll(secret)} of '${table}' into ${where[to]}${columns === undefined ? `, ${quoteAll(secret)} among them` : ''}.`,
        entryPoints: [entryPoint],
        object: table,
        repair: { kind: 'narrow-columns', place, entryPoint, table, columns: secret },
      },
    ];
  },
});

const where: Readonly<Record<Observed<'output'>['to'], string>> = {
  answer: 'its answer',
  'client-component': 'the props of a client component',
  'action-result': 'what it returns to the browser',
};
