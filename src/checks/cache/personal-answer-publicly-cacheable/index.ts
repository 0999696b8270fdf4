import { humanizeTable, isOwned } from '../../harm.ts';
import { observedCheck } from '../../observed.ts';

/** An answer made for one signed-in caller that tells every proxy on the way to keep it for all. */
export const check = observedCheck({
  id: 'cache/personal-answer-publicly-cacheable',
  title: 'Personal answer is publicly cacheable',
  severity: 'high',
  cwe: 525,
  kind: 'cache-control',
  faults: ({ place, value, entryPoint, personal, tables }, { tenancy }) => {
    const table = tables.find(name => isOwned(tenancy, name));
    if (!personal || table === undefined || !isShared(value)) return [];
    return [
      {
        harm: `A proxy or CDN may keep one customer's ${humanizeTable(table)} and hand them to the next visitor.`,
        message: `'${entryPoint}' answers with rows of '${table}' that depend on the session, under 'Cache-Control: ${value}'.`,
        entryPoints: [entryPoint],
        object: table,
        repair: { kind: 'private-cache-control', place, entryPoint, value },
      },
    ];
  },
});

function isShared(value: string): boolean {
  return (
    /\b(public|s-maxage)\b/i.test(value) &&
    !/\b(private|no-store)\b/i.test(value) &&
    !/\bs-maxage\s*=\s*0\b/i.test(value)
  );
}
