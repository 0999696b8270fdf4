import { aboutKey } from '../../../core/side-evidence.ts';
import { plainName } from '../../../core/names.ts';
import { mayUse, requestRoles } from '../../../model/database/roles.ts';
import type { Table } from '../../../model/database/types.ts';
import type { Check, CheckInput } from '../../check.ts';
import { ownerOf } from '../../harm.ts';
import { filled, lintFinding, listed, shownBeside } from '../lint.ts';

/** Values that must be unique among the rows of all tenants: whoever writes one learns whether another tenant has it. */
export const check: Check = {
  id: 'database/key-without-tenant',
  title: 'Unique key without the tenant',
  severity: 'low',
  cwe: 203,
  needs: 'database',
  judge: input => ({ findings: findings(input), gaps: [] }),
};

function findings(input: CheckInput) {
  const found = input.database.tables.flatMap(table => tellingKeys(table, input).map(key => ({ table, key })));
  const remarks = filled(
    found.map(({ table, key }) => ({
      object: table.name,
      statement: `unique (${key.join(', ')}) on ${table.name}`,
      place: table.definedAt,
    })),
  );
  if (remarks === undefined) return [];
  const names = listed(found.map(({ table, key }) => `${table.name} (${key.join(', ')})`));
  return [
    lintFinding({
      subject: 'keys',
      message: `${names} must be unique among the rows of all tenants, and requests may add such rows.`,
      harm: 'Whoever adds a row learns from the error whether another tenant has the same value, and keeps others from using his.',
      remarks,
      replays: shownBeside(input.cells, about =>
        found.some(({ table, key }) => about === aboutKey(table.name, key)),
      ).slice(0, mostShown),
      repair: {
        kind: 'tenant-in-unique-key',
        keys: found.map(({ table, key }) => ({
          table: table.name,
          tenant: tenantColumnOf(table, input),
          columns: key,
        })),
      },
    }),
  ];
}

/** Transcripts of more keys say nothing new. */
const mostShown = 3;

/** What people choose and others could guess; ids, tokens and links to one row are unique for good reasons. */
const guessable = /(^|_)(email|phone|number|code|name|title|sku|reference|reference_no|customer_no)$/;

/** The column that holds the tenant; empty where a row has none of its own. */
function tenantColumnOf(table: Table, { tenancy }: Pick<CheckInput, 'tenancy'>): string {
  const ownership = ownerOf(tenancy, table.name)?.ownership;
  return ownership?.kind === 'tenant' && ownership.path.length === 1 ? ownership.path[0].column : '';
}

function tellingKeys(table: Table, { database, tenancy }: CheckInput): readonly (readonly string[])[] {
  const owner = ownerOf(tenancy, table.name);
  const tenant = tenantColumnOf(table, { tenancy });
  if (!table.rowSecurity || tenant === '') return [];
  if (tenancy.memberships.some(membership => membership.table === table.name) || table.name === tenancy.root?.table)
    return [];
  const adds = requestRoles(database).some(role => mayUse(role, 'insert', table, database));
  const lets = table.policies.some(
    policy => policy.permissive && (policy.command === 'insert' || policy.command === 'all'),
  );
  if (!adds || !lets) return [];
  const referring = new Set(table.foreignKeys.flatMap(key => key.columns));
  return table.uniqueKeys.filter(
    key =>
      !key.includes(tenant) &&
      !key.some(column => referring.has(column) || owner?.capabilityColumns.includes(column)) &&
      key.some(column => guessable.test(plainName(column))),
  );
}
