import { nameOf } from '../../../model/app/observe/predicates.ts';
import type { CheckInput } from '../../check.ts';
import { humanizeTable, isOwned, ownerOf, tenantNoun } from '../../harm.ts';
import { observedCheck, type Observed } from '../../observed.ts';

/** An object of the caller's goes into a query as it came: its keys decide which columns are written, read or compared. */
export const check = observedCheck({
  id: 'path/unvalidated-object',
  title: 'Unvalidated object in a query',
  severity: 'medium',
  cwe: 915,
  kind: 'given-part',
  faults: (seen, input) => {
    const { table, entryPoint, value } = seen;
    if (seen.part === 'sql' || table === undefined || !isAtStake(table, input) || leaksAnyway(seen, input)) return [];
    return [
      {
        harm: harmOf(seen.part, table, input),
        message: `'${entryPoint}' takes ${parts[seen.part]} of '${table}' from '${nameOf(value)}', which the caller sends, as it comes.`,
        entryPoints: [entryPoint],
        object: table,
        severity: seen.part === 'data' && namesOwner(table, input) ? 'high' : 'medium',
      },
    ];
  },
});

const parts: Readonly<Record<Exclude<Observed<'given-part'>['part'], 'sql'>, string>> = {
  where: 'the filter on rows',
  data: 'the columns to write',
  orderBy: 'the order of rows',
  select: 'the columns and relations to read',
};

function harmOf(part: Observed<'given-part'>['part'], table: string, { tenancy }: CheckInput): string {
  const rows = humanizeTable(table);
  if (part === 'data')
    return `Whoever may change their own ${rows} can set every column of them, the ${tenantNoun(tenancy)} they belong to among them.`;
  return part === 'select'
    ? `The caller chooses which columns of ${rows}, and which related rows, the server reads for them.`
    : `The caller can ask yes-or-no questions about columns of ${rows} and of related rows that they are never shown.`;
}

function isAtStake(table: string, { tenancy }: CheckInput): boolean {
  return isOwned(tenancy, table) || table === tenancy.root?.table || table === tenancy.principal?.table;
}

function namesOwner(table: string, { tenancy }: CheckInput): boolean {
  const ownership = ownerOf(tenancy, table)?.ownership;
  return (ownership?.kind === 'tenant' || ownership?.kind === 'user') && ownership.path.length > 0;
}

/** A query that reaches other tenants' rows is reported for that. */
function leaksAnyway({ place, entryPoint }: Observed<'given-part'>, { paths }: CheckInput): boolean {
  return paths.some(
    path =>
      path.verdict === 'leaks' &&
      path.entryPoint.name === entryPoint &&
      path.sink.file === place.file &&
      path.sink.line === place.line,
  );
}
