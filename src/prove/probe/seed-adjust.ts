import type { Sql } from '../../core/ports.ts';
import type { JudgedPath } from '../../checks/check.ts';
import type { DatabaseModel, Table } from '../../model/database/types.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';
import type { Seed, SeededRow, SeededTenant } from '../exploit/seed-types.ts';
import { canaryPrefix } from './canary.ts';
import { tenantsOf } from './marks.ts';
import { quotedName, quoteIdentifier } from './state.ts';

/** What the adjustment works on. */
export interface AdjustInput {
  readonly sql: Sql;
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  readonly seed: Seed;
  readonly paths: readonly JudgedPath[];
}

/**
 * Makes synthesised rows look alive to an app: columns with a default hold it (they are mostly a status that the app
 * compares with), ends of life are open, and ids of Stripe look like Stripe's. Gives the seed as it is stored then.
 */
export async function adjustSeed(input: AdjustInput): Promise<Seed> {
  for (const table of input.database.tables) {
    if (tenantsOf(input.seed).some(([, tenant]) => (tenant.rows[table.name] ?? []).length > 0)) await adjustTable(input, table);
  }
  await lowerEmails(input);
  return rereadSeed(input);
}

async function adjustTable(input: AdjustInput, table: Table): Promise<void> {
  for (const column of table.columns) {
    if (column.generated || table.primaryKey.includes(column.name)) continue;
    const name = quoteIdentifier(column.name);
    if (/^text|^character varying/.test(column.type) && column.hasDefault) await run(input.sql, `update ${quotedName(table)} set ${name} = default where ${name} like '${canaryPrefix}%'`);
    if (/^timestamp|^date$/.test(column.type) && !column.notNull && /(?:archived|deleted|suspended|revoked|canceled|cancelled|disabled|banned|blocked|closed|read|paid|used|accepted|removed|locked)_(?:at|on)$/.test(column.name)) {
      await run(input.sql, `update ${quotedName(table)} set ${name} = null where ${name} is not null`);
    }
    if (/^timestamp/.test(column.type) && /(?:expires|expiry|valid_until|period_end)/.test(column.name)) await run(input.sql, `update ${quotedName(table)} set ${name} = now() + interval '30 days'`);
    if (/stripe_?customer/i.test(column.name)) await run(input.sql, `update ${quotedName(table)} set ${name} = 'cus_' || ${name} where ${name} like '${canaryPrefix}%'`);
    if (/stripe_?subscription/i.test(column.name)) await run(input.sql, `update ${quotedName(table)} set ${name} = 'sub_' || ${name} where ${name} like '${canaryPrefix}%'`);
  }
}

/** Auth libraries compare addresses in lower case. */
async function lowerEmails(input: AdjustInput): Promise<void> {
  const table = input.database.tables.find(candidate => candidate.name === input.tenancy.principal?.table);
  const email = table?.columns.find(column => /^e?_?mail$|^email_address$/i.test(column.name));
  if (table !== undefined && email !== undefined) await run(input.sql, `update ${quotedName(table)} set ${quoteIdentifier(email.name)} = lower(${quoteIdentifier(email.name)})`);
}

/** An adjustment that a constraint refuses is left out: the row is good as it is. */
async function run(sql: Sql, statement: string): Promise<void> {
  await sql.query('begin');
  try {
    await sql.query(statement);
    await sql.query('commit');
  } catch {
    await sql.query('rollback');
  }
}

async function rereadSeed(input: AdjustInput): Promise<Seed> {
  const tenants: Partial<Record<'A' | 'B' | 'C', SeededTenant>> = {};
  for (const [key, tenant] of tenantsOf(input.seed)) {
    const rows: Record<string, readonly SeededRow[]> = {};
    for (const [name, seeded] of Object.entries(tenant.rows)) {
      const table = input.database.tables.find(candidate => candidate.name === name);
      rows[name] = table === undefined || table.primaryKey.length === 0 ? seeded : await Promise.all(seeded.map(row => reread(input.sql, table, row)));
    }
    tenants[key] = { ...tenant, rows };
  }
  return { ...input.seed, tenants };
}

async function reread(sql: Sql, table: Table, row: SeededRow): Promise<SeededRow> {
  const conditions = table.primaryKey.map((column, index) => `${quoteIdentifier(column)}::text = $${index + 1}`);
  const columns = table.columns.map(column => `${quoteIdentifier(column.name)}::text as ${quoteIdentifier(column.name)}`);
  const found = await sql.query(`select ${columns.join(', ')} from ${quotedName(table)} where ${conditions.join(' and ')}`, table.primaryKey.map(column => row[column]));
  const [stored] = found.rows;
  return stored === undefined ? row : Object.fromEntries(Object.entries(stored).map(([column, value]) => [column, value === null || value === undefined ? null : String(value)]));
}
