import { objectName } from '../../../core/cell.ts';
import type { Table } from '../../../model/database/types.ts';
import type { Check, CheckFinding, CheckInput } from '../../check.ts';
import { commandsOf, findingsOf, leaksOf, rolesOf, wholeOf } from '../leaks.ts';
import { isPlatformTable } from '../../../model/database/platform.ts';
import { blamedIn, lintFinding, listed, readersOf } from '../lint.ts';

/** A partition or child table that can be named itself, without the row security of the table that it belongs to. */
export const check: Check = {
  id: 'database/partition-without-row-security',
  title: 'Partition without row security',
  severity: 'critical',
  cwe: 862,
  needs: 'database',
  judge: input => ({
    findings: [
      ...findingsOf(
        leaksOf(input).filter(leak => leak.cause === 'part'),
        input,
        {
          subject: leak => objectName(leak.cell),
          place: leak =>
            'table' in leak ? (leak.table.definedAt ?? wholeOf(leak.table, input)?.definedAt) : undefined,
          message: leaks => {
            const whole = 'table' in leaks[0] ? wholeOf(leaks[0].table, input)?.name : undefined;
            return `'${objectName(leaks[0].cell)}' is a part of '${whole ?? ''}' without row security of its own, so ${rolesOf(leaks)} may ${commandsOf(leaks)} its rows by its name.`;
          },
          repair: leak => ({ kind: 'enable-part', table: objectName(leak.cell) }),
        },
      ),
      ...input.database.tables.flatMap(table => unseen(table, input)),
    ],
    gaps: [],
  }),
};

/**
 * Parts in which no attempt could be made.
 * https://www.postgresql.org/docs/current/ddl-rowsecurity.html: policies hold for the table that a query names.
 */
function unseen(table: Table, input: CheckInput): readonly CheckFinding[] {
  const { database } = input;
  const whole = wholeOf(table, input);
  if (whole === undefined || table.rowSecurity || isPlatformTable(table, database)) return [];
  if (blamedIn(input).objects.has(table.name)) return [];
  const roles = readersOf(table, database);
  if (roles.length === 0) return [];
  return [
    lintFinding({
      subject: table.name,
      message: `'${table.name}' is a part of '${whole.name}' without row security of its own, and ${listed(roles)} may name it in a query.`,
      harm: `${roles.includes('anon') ? 'Anyone on the internet' : 'Any signed-in user'} can read every tenant's rows of '${whole.name}' that lie in '${table.name}'.`,
      remarks: [
        {
          object: table.name,
          statement: `grant select on ${table.name} to ${roles.join(', ')}; row security off, on for ${whole.name}`,
          place: table.definedAt ?? whole.definedAt,
        },
      ],
      severity: 'high',
      repair: { kind: 'enable-part', table: table.name },
    }),
  ];
}
