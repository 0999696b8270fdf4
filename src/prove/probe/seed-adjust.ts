import { createHash } from 'node:crypto';
import type { Sql } from '../../core/ports.ts';
import type { JudgedPath } from '../../checks/check.ts';
import type { DatabaseModel, Table } from '../../model/database/types.ts';
import { appRoles } from '../../model/tenancy/app-roles.ts';
import { isRoleColumn } from '../../model/tenancy/names.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';
import type { Seed, SeededRow, SeededTenant, TenantKey } from '../exploit/seed-types.ts';
import { canaryPrefix } from './canary.ts';
import { tenantsOf } from './marks.ts';
import { plainText } from './plain-text.ts';
import { rolesAskedFor } from './preparations.ts';
import { quotedName, quoteIdentifier, tryStatement } from './state.ts';

/** What the adjustment works on. */
export interface AdjustInput {
  readonly sql: Sql;
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  readonly seed: Seed;
  readonly paths: readonly JudgedPath[];
  /** How API keys of the app begin, where its source says so. */
  readonly credentialPrefix: string;
}

/** The seed as it is stored, and each tenant's API key as its owner knows it. */
export interface AdjustedSeed {
  readonly seed: Seed;
  readonly credentials: Readonly<Record<string, string>>;
}

/**
 * Makes synthesised rows look alive to an app: columns with a default hold it (they are mostly a status that the app
 * compares with), ends of life are open, and ids of Stripe look like Stripe's. Gives the seed as it is stored then.
 */
export async function adjustSeed(input: AdjustInput): Promise<AdjustedSeed> {
  for (const table of input.database.tables) {
    if (tenantsOf(input.seed).some(([, tenant]) => (tenant.rows[table.name] ?? []).length > 0))
      await adjustTable(input, table);
  }
  for (const [key, tenant] of tenantsOf(input.seed)) await fillRows(input, key, tenant);
  await lowerEmails(input);
  await giveRole(input);
  const credentials = await giveCredentials(input);
  return { seed: await rereadSeed(input), credentials };
}

async function adjustTable(input: AdjustInput, table: Table): Promise<void> {
  for (const column of table.columns) {
    if (column.generated || table.primaryKey.includes(column.name)) continue;
    const name = quoteIdentifier(column.name);
    if (/^text|^character varying/.test(column.type) && column.hasDefault)
      await tryStatement(
        input.sql,
        `update ${quotedName(table)} set ${name} = default where ${name} like '${canaryPrefix}%'`,
      );
    if (
      /^timestamp|^date$/.test(column.type) &&
      !column.notNull &&
      /(?:archived|deleted|suspended|revoked|canceled|cancelled|disabled|banned|blocked|closed|read|paid|used|accepted|removed|locked)_(?:at|on)$/.test(
        column.name,
      )
    ) {
      await tryStatement(input.sql, `update ${quotedName(table)} set ${name} = null where ${name} is not null`);
    }
    if (column.type.startsWith('timestamp') && /(?:expires|expiry|valid_until|period_end)/.test(column.name))
      await tryStatement(input.sql, `update ${quotedName(table)} set ${name} = now() + interval '30 days'`);
    if (/stripe_?customer/i.test(column.name))
      await tryStatement(
        input.sql,
        `update ${quotedName(table)} set ${name} = 'cus_' || ${name} where ${name} like '${canaryPrefix}%'`,
      );
    if (/stripe_?subscription/i.test(column.name))
      await tryStatement(
        input.sql,
        `update ${quotedName(table)} set ${name} = 'sub_' || ${name} where ${name} like '${canaryPrefix}%'`,
      );
  }
}

/** Optional references point somewhere, and amounts are not nothing: a join that finds no row and a sum of zeros hide leaks. */
async function fillRows(input: AdjustInput, key: TenantKey, tenant: SeededTenant): Promise<void> {
  for (const table of input.database.tables) {
    for (const row of table.primaryKey.length === 0 ? [] : (tenant.rows[table.name] ?? [])) {
      const where = table.primaryKey
        .map(column => `${quoteIdentifier(column)}::text = ${literal(row[column] ?? '')}`)
        .join(' and ');
      for (const [column, value] of [...references(input, tenant, table, row), ...amounts(key, table, row)]) {
        await tryStatement(
          input.sql,
          `update ${quotedName(table)} set ${quoteIdentifier(column)} = ${value} where ${where}`,
        );
      }
    }
  }
}

function references(
  input: AdjustInput,
  tenant: SeededTenant,
  table: Table,
  row: SeededRow,
): readonly (readonly [string, string])[] {
  return table.foreignKeys.flatMap(foreignKey => {
    const [column] = foreignKey.columns;
    const [referenced] = foreignKey.referencedColumns;
    if (
      column === undefined ||
      referenced === undefined ||
      foreignKey.columns.length > 1 ||
      row[column] !== null ||
      foreignKey.table === table.name
    )
      return [];
    const target = (tenant.rows[foreignKey.table] ?? input.seed.shared[foreignKey.table] ?? [])[0]?.[referenced];
    return target === undefined || target === null ? [] : [[column, literal(target)] as const];
  });
}

/** Another number for each tenant, so that a sum tells whose rows it counts. */
function amounts(key: TenantKey, table: Table, row: SeededRow): readonly (readonly [string, string])[] {
  const amount = { A: 1009, B: 2003, C: 3001 }[key];
  const keys = new Set([...table.uniqueKeys.flat(), ...table.foreignKeys.flatMap(foreignKey => foreignKey.columns)]);
  return table.columns.flatMap(column =>
    /^(?:integer|bigint|numeric|real|double precision)/.test(column.type) &&
    !column.generated &&
    !keys.has(column.name) &&
    /^-?0(?:\.0+)?$/.test(row[column.name] ?? '')
      ? [[column.name, String(amount)] as const]
      : [],
  );
}

/** Auth libraries compare addresses in lower case. */
async function lowerEmails(input: AdjustInput): Promise<void> {
  const table = input.database.tables.find(candidate => candidate.name === input.tenancy.principal?.table);
  const email = table?.columns.find(column => /^e?_?mail$|^email_address$/i.test(column.name));
  if (table !== undefined && email !== undefined)
    await tryStatement(
      input.sql,
      `update ${quotedName(table)} set ${quoteIdentifier(email.name)} = lower(${quoteIdentifier(email.name)})`,
    );
}

/** The third user of A gets the role of the whole app that guards ask for, so that its entry points can be used at all. */
async function giveRole(input: AdjustInput): Promise<void> {
  const { database, tenancy, sql } = input;
  const [role] = rolesAskedFor(input.paths);
  const user = input.seed.tenants.A?.users[2];
  if (role === undefined || user === undefined) return;
  for (const { table: name, isPure, userColumn, roleColumn } of appRoles(database, tenancy)) {
    const table = database.tables.find(candidate => candidate.name === name);
    if (!isPure || table === undefined || roleColumn === undefined) continue;
    const columns = `(${quoteIdentifier(userColumn)}, ${quoteIdentifier(roleColumn)})`;
    await tryStatement(
      sql,
      `insert into ${quotedName(table)} ${columns} values (${literal(user.id)}, ${literal(role)})`,
    );
  }
  const users = database.tables.find(candidate => candidate.name === tenancy.principal?.table);
  const column = users?.columns.find(candidate => isRoleColumn(candidate.name));
  if (users === undefined || column === undefined) return;
  const key = quoteIdentifier(tenancy.principal?.key ?? 'id');
  await tryStatement(
    sql,
    `update ${quotedName(users)} set ${quoteIdentifier(column.name)} = ${literal(role)} where ${key}::text = ${literal(user.id)}`,
  );
}

/** API keys are stored hashed: a key that we know is stored the way most apps do it, as SHA-256 in hex. */
async function giveCredentials(input: AdjustInput): Promise<Readonly<Record<string, string>>> {
  const credentials: Record<string, string> = {};
  for (const table of input.database.tables) {
    const column = table.columns.find(candidate =>
      /(?:key|token)_?hash$|^hash(?:ed)?_(?:key|token)$/.test(candidate.name),
    );
    if (column === undefined) continue;
    for (const [key, tenant] of tenantsOf(input.seed)) {
      const [row] = tenant.rows[table.name] ?? [];
      if (row === undefined || table.primaryKey.length === 0) continue;
      const plain = `${input.credentialPrefix}drydock${key.toLowerCase()}0123456789abcdef`;
      credentials[key] = plain;
      const conditions = table.primaryKey.map(name => `${quoteIdentifier(name)}::text = ${literal(row[name] ?? '')}`);
      await tryStatement(
        input.sql,
        `update ${quotedName(table)} set ${quoteIdentifier(column.name)} = ${literal(createHash('sha256').update(plain).digest('hex'))} where ${conditions.join(' and ')}`,
      );
    }
  }
  return credentials;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

async function rereadSeed(input: AdjustInput): Promise<Seed> {
  const tenants: Partial<Record<'A' | 'B' | 'C', SeededTenant>> = {};
  for (const [key, tenant] of tenantsOf(input.seed)) {
    const rows: Record<string, readonly SeededRow[]> = {};
    for (const [name, seeded] of Object.entries(tenant.rows)) {
      const table = input.database.tables.find(candidate => candidate.name === name);
      const stored: SeededRow[] = [];
      for (const row of seeded)
        stored.push(table === undefined || table.primaryKey.length === 0 ? row : await reread(input.sql, table, row));
      rows[name] = stored;
    }
    tenants[key] = { ...tenant, rows };
  }
  return { ...input.seed, tenants };
}

async function reread(sql: Sql, table: Table, row: SeededRow): Promise<SeededRow> {
  const conditions = table.primaryKey.map((column, index) => `${quoteIdentifier(column)}::text = $${index + 1}`);
  const columns = table.columns.map(
    column => `${quoteIdentifier(column.name)}::text as ${quoteIdentifier(column.name)}`,
  );
  const found = await sql.query(
    `select ${columns.join(', ')} from ${quotedName(table)} where ${conditions.join(' and ')}`,
    table.primaryKey.map(column => row[column]),
  );
  const [stored] = found.rows;
  return stored === undefined
    ? row
    : Object.fromEntries(
        Object.entries(stored).map(([column, value]) => [
          column,
          value === null || value === undefined ? null : plainText(value),
        ]),
      );
}
