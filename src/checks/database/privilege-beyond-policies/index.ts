import { mayUse, requestRoles } from '../../../model/database/roles.ts';
import type { DatabaseModel, SourcePlace, Table } from '../../../model/database/types.ts';
import type { Check, CheckFinding, CheckInput } from '../../check.ts';
import { leaksOf, replays } from '../leaks.ts';
import { isPlatformTable } from '../../../model/database/platform.ts';
import { filled, lintFinding, listed } from '../lint.ts';

/** Privileges of a request role to which no policy applies: truncating a table, making triggers and keys on it. */
export const check: Check = {
  id: 'database/privilege-beyond-policies',
  title: 'Privilege beyond policies',
  severity: 'medium',
  cwe: 732,
  needs: 'database',
  judge: input => ({
    findings: requestRoles(input.database)
      .filter(role => !isPlatformsGift(role, input.database))
      .flatMap(role => findingFor(role, input)),
    gaps: [],
  }),
};

/** https://www.postgresql.org/docs/current/ddl-rowsecurity.html: policies apply to rows, not to TRUNCATE and REFERENCES. */
const beyond = ['truncate', 'references', 'trigger'] as const;

function findingFor(role: string, input: CheckInput): readonly CheckFinding[] {
  const { database } = input;
  const shown = leaksOf(input).filter(leak => leak.cause === 'truncate' && leak.cell.role === role);
  const tables = database.tables.filter(
    table => table.rowSecurity && !isPlatformTable(table, database) && privilegesOn(table, role, database).length > 0,
  );
  const remarks = filled(
    tables.map(table => ({
      object: table.name,
      statement: `grant ${privilegesOn(table, role, database).join(', ')} on ${table.name} to ${role}`,
      place: grantedAt(table, role, database),
    })),
  );
  if (remarks === undefined) return [];
  const names = listed(tables.map(table => table.name));
  const privileges = beyond.filter(privilege =>
    tables.some(table => privilegesOn(table, role, database).includes(privilege)),
  );
  const truncates = privileges.includes('truncate');
  return [
    lintFinding({
      subject: role,
      message: `'${role}' has ${listed(privileges)} on ${names}, and policies do not apply to that.`,
      harm: truncates
        ? `Whoever can run SQL as '${role}' can empty ${names}, every tenant's rows at once.`
        : `Whoever can run SQL as '${role}' can attach code or keys to ${names} that other tenants' writes set off.`,
      remarks,
      replays: replays(shown),
      ...(truncates ? {} : { severity: 'low' as const }),
      repair: { kind: 'revoke-beyond', role, privileges, tables: tables.map(table => table.name) },
    }),
  ];
}

function privilegesOn(table: Table, role: string, database: DatabaseModel): readonly string[] {
  return beyond.filter(privilege => mayUse(role, privilege, table, database));
}

/** Supabase gives its API roles everything on every table, and its API offers none of these. */
function isPlatformsGift(role: string, { platform }: DatabaseModel): boolean {
  return platform === 'supabase' && (role === 'anon' || role === 'authenticated');
}

function grantedAt(table: Table, role: string, { facts }: DatabaseModel): SourcePlace | undefined {
  const name = new RegExp(`\\b${role}\\b|\\bpublic\\s*;?\\s*$`, 'i');
  const statement = facts?.grantStatements.findLast(
    ({ text }) => name.test(text) && /\b(all|truncate|references|trigger)\b/i.test(text),
  );
  return statement ?? table.definedAt;
}
