import type { Table } from '../../../model/database/types.ts';
import { showingsOf, type Mark } from '../../../model/tenancy/shown.ts';
import type { Check, CheckFinding, CheckInput } from '../../check.ts';
import { humanizeTable, tenantNoun } from '../../harm.ts';
import { blamedIn, lintFinding, listed, policyKey, policyRemark, readersOf } from '../lint.ts';

/** Rows that everybody may read because of a flag in them: by design where they are a catalogue, and worth a look. */
export const check: Check = {
  id: 'database/rows-shown-by-flag',
  title: 'Rows are shown to everybody by a flag',
  severity: 'low',
  cwe: 200,
  needs: 'database',
  judge: input => ({ findings: input.database.tables.flatMap(table => findingsFor(table, input)), gaps: [] }),
};

function findingsFor(table: Table, input: CheckInput): readonly CheckFinding[] {
  if (!readersOf(table, input.database).includes('anon')) return [];
  const showings = showingsOf(table, input.database, input.tenancy).filter(
    ({ by, policy }) => by === 'owner' && !blamedIn(input).policies.has(policyKey(policy)),
  );
  return [...new Set(showings.map(({ policy }) => policy))].map(policy => {
    const marks = showings.filter(showing => showing.policy === policy).flatMap(showing => showing.marks);
    const unasked = isUnasked(table, marks) ? ', as each new row is unless it says otherwise' : '';
    return lintFinding({
      subject: policyKey(policy),
      message: `The policy '${policy.name}' shows rows of '${table.name}' to everybody by ${listed([...new Set(marks.map(({ column }) => column))])}${unasked}.`,
      harm: `Anyone on the internet can list the ${humanizeTable(table.name)} of every ${tenantNoun(input.tenancy)} that are marked so, with every column.`,
      remarks: [policyRemark(policy)],
    });
  });
}

/** Whether nobody has to do anything for a row to be shown. */
function isUnasked(table: Table, marks: readonly Mark[]): boolean {
  return marks.every(({ column, value }) =>
    table.columns.some(({ name, startsTrue }) => name === column && value === true && startsTrue === true),
  );
}
