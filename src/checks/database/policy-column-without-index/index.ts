import { columnsWithoutIndex } from '../../../logic/policy-columns.ts';
import type { Check, CheckInput } from '../../check.ts';
import { isPlatformTable } from '../../../model/database/platform.ts';
import { filled, lintFinding, listed, livePolicies } from '../lint.ts';

/** Columns by which policies find rows, without an index that begins with them: every query reads the whole table. */
export const check: Check = {
  id: 'database/policy-column-without-index',
  title: 'Policy column without an index',
  severity: 'low',
  cwe: 400,
  needs: 'database',
  judge: input => ({ findings: findings(input), gaps: [] }),
};

function findings(input: CheckInput) {
  const { database, tenancy } = input;
  const missing = columnsWithoutIndex(livePolicies(database), database, tenancy).filter(
    ({ table }) => !isPlatformTable(table, database),
  );
  const remarks = filled(
    missing.map(({ table, column }) => ({
      object: table.name,
      statement: `no index of ${table.name} begins with ${column}`,
      place: table.definedAt,
    })),
  );
  if (remarks === undefined) return [];
  const names = listed(missing.map(({ table, column }) => `${table.name}.${column}`));
  return [
    lintFinding({
      subject: 'columns',
      message: `Policies find rows by ${names}, and no index begins with ${missing.length === 1 ? 'that column' : 'those columns'}.`,
      harm: `Every query on ${listed([...new Set(missing.map(({ table }) => table.name))])} reads the rows of all tenants to find those of one.`,
      remarks,
      repair: {
        kind: 'index-columns',
        columns: missing.map(({ table, column }) => ({ table: table.name, column })),
      },
    }),
  ];
}
