import { aboutReference } from '../../../core/side-evidence.ts';
import type { DatabaseModel, ForeignKey, Policy, Table } from '../../../model/database/types.ts';
import type { TenancyModel } from '../../../model/tenancy/types.ts';
import { mayUse, requestRoles } from '../../../model/database/roles.ts';
import type { Check, CheckInput } from '../../check.ts';
import { ownerOf } from '../../harm.ts';
import { blamedIn, filled, lintFinding, listed, shownBeside } from '../lint.ts';

/** Keys to rows of a tenant that do not hold the tenant: a row can refer to another tenant's row. */
export const check: Check = {
  id: 'database/reference-without-tenant',
  title: 'Reference without the tenant',
  severity: 'low',
  cwe: 639,
  needs: 'database',
  judge: input => ({ findings: findings(input), gaps: [] }),
};

/** Transcripts of more keys say nothing new. */
const mostShown = 3;

/** A key from one tenant's table to another's, each with its own column for the tenant. */
interface Reference {
  readonly table: Table;
  readonly key: ForeignKey;
  readonly tenantColumn: string;
  readonly referencedTenantColumn: string;
}

function findings(input: CheckInput) {
  const blamed = blamedIn(input).objects;
  const loose = input.database.tables
    .filter(table => table.rowSecurity && !blamed.has(table.name))
    .flatMap(table => looseKeys(table, input));
  const remarks = filled(
    loose.map(({ table, key }) => ({
      object: table.name,
      statement: `foreign key (${key.columns.join(', ')}) references ${key.table} (${key.referencedColumns.join(', ')})`,
      place: table.definedAt,
    })),
  );
  if (remarks === undefined) return [];
  const names = listed(loose.map(({ table, key }) => `${table.name}.${key.columns[0] ?? ''}`));
  return [
    lintFinding({
      subject: 'references',
      message: `Nothing compares the tenant of a row with that of the row which ${names} ${loose.length === 1 ? 'refers' : 'refer'} to: keys are checked without policies, and no policy for writing mentions the ${loose.length === 1 ? 'column' : 'columns'}.`,
      harm: `Whoever knows or guesses an id can tie a row of his own to another tenant's row, which tells him that it exists and may be deleted or shown together with it.`,
      remarks,
      replays: shownBeside(input.cells, about =>
        loose.some(({ table, key }) => about === aboutReference(table.name, key.columns[0] ?? '')),
      ).slice(0, mostShown),
      repair: {
        kind: 'tenant-in-key',
        references: loose.map(({ table, key, tenantColumn, referencedTenantColumn }) => ({
          table: table.name,
          key: key.name,
          tenantColumn,
          referencedTenantColumn,
        })),
      },
    }),
  ];
}

function looseKeys(table: Table, { database, tenancy }: CheckInput): readonly Reference[] {
  const tenantColumn = tenantColumnOf(table.name, tenancy);
  if (tenantColumn === undefined) return [];
  const writing = writingPolicies(table, database);
  if (writing.length === 0) return [];
  return table.foreignKeys.flatMap(key => {
    const referencedTenantColumn = tenantColumnOf(key.table, tenancy);
    const [column] = key.columns;
    const isSelf = key.table === table.name || key.columns.length !== 1 || column === undefined;
    if (referencedTenantColumn === undefined || isSelf) return [];
    if (
      table.foreignKeys.some(
        other => other.table === key.table && other.columns.includes(column) && other.columns.includes(tenantColumn),
      )
    )
      return [];
    const name = new RegExp(`\\b${column}\\b`);
    if (writing.some(policy => name.test(policy.check ?? policy.using ?? ''))) return [];
    if ((table.triggers ?? []).some(trigger => name.test(bodyOf(trigger.function, database)))) return [];
    return [{ table, key, tenantColumn, referencedTenantColumn }];
  });
}

/** The column that holds the tenant, of tables that have one of their own; memberships and tenants themselves aside. */
function tenantColumnOf(table: string, tenancy: TenancyModel): string | undefined {
  if (table === tenancy.root?.table || table === tenancy.principal?.table || table.includes('.')) return undefined;
  if (tenancy.memberships.some(membership => membership.table === table)) return undefined;
  const ownership = ownerOf(tenancy, table)?.ownership;
  if (ownership?.kind !== 'tenant' || ownership.path.length !== 1) return undefined;
  const [hop] = ownership.path;
  return hop.table === tenancy.root?.table ? hop.column : undefined;
}

function writingPolicies(table: Table, database: DatabaseModel): readonly Policy[] {
  const writes = (['insert', 'update'] as const).some(privilege =>
    requestRoles(database).some(role => mayUse(role, privilege, table, database)),
  );
  return writes
    ? table.policies.filter(policy => policy.permissive && policy.command !== 'select' && policy.command !== 'delete')
    : [];
}

function bodyOf(name: string, { functions }: DatabaseModel): string {
  return functions.find(definition => definition.name === name)?.body ?? name;
}
