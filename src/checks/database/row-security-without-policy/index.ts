import type { Table } from '../../../model/database/types.ts';
import type { Check, CheckInput } from '../../check.ts';
import { wholeOf } from '../leaks.ts';
import { isPlatformTable } from '../../../model/database/platform.ts';
import { filled, lintFinding, listed, readersOf } from '../lint.ts';

/** Tables that requests may use by their grants, with row security on and no policy that lets anybody in. */
export const check: Check = {
  id: 'database/row-security-without-policy',
  title: 'Row security without a policy',
  severity: 'low',
  cwe: 863,
  needs: 'database',
  judge: input => ({ findings: findings(input), gaps: [] }),
};

function findings(input: CheckInput) {
  const closed = input.database.tables.filter(table => isClosed(table, input));
  const remarks = filled(
    closed.map(table => ({
      object: table.name,
      statement: `alter table ${table.name} enable row level security; ${table.policies.length === 0 ? 'no policy' : 'no permissive policy'}`,
      place: table.definedAt,
    })),
  );
  if (remarks === undefined) return [];
  const names = listed(closed.map(table => table.name));
  return [
    lintFinding({
      subject: 'closed tables',
      message: `Row security is on for ${names} and no policy lets anybody in, so requests find nothing there.`,
      harm: `Only the server's own connection reaches ${names}; requests of members, and of the rows' own owners, come back empty.`,
      remarks,
    }),
  ];
}

function isClosed(table: Table, input: CheckInput): boolean {
  const { database } = input;
  return (
    // A part is reached through the whole, under the policies of that.
    wholeOf(table, input)?.policies.some(policy => policy.permissive) !== true &&
    table.rowSecurity &&
    table.lostPolicies === undefined &&
    !isPlatformTable(table, database) &&
    !table.policies.some(policy => policy.permissive) &&
    readersOf(table, database).length > 0
  );
}
