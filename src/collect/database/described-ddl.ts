import type { Gap } from '../../core/gap.ts';
import type { Sql } from '../../core/ports.ts';
import { quoteLiteral, quoteName, quoteQualified } from '../../core/quote.ts';
import type { Column, DatabaseModel, ForeignKey, Policy, SourcePlace, Table } from '../../model/database/types.ts';
import { attempt, type Complaint } from './attempt.ts';

/** The part of a schema in code that can be made. */
export type Described = Pick<DatabaseModel, 'tables' | 'enums'>;

/** Drizzle's schemas can hold policies; where one does, it is taken to hold all of them. */
export function tellsPolicies({ tables }: Described): boolean {
  return tables.some(table => table.rowSecurity || table.policies.length > 0);
}

/** Errors of a statement that would bring a table to where its description is already. */
const settled = /^(42701|42P07|42710|42703|42704)$/;

/**
 * Makes in a replica what the app's code describes (a schema of Drizzle, Prisma, TypeORM, Sequelize) and no migration
 * makes: all of it where there are no migrations, or the tables that migrations take for granted, when they are missed.
 * Keys between them and policies come last, when everything is there.
 */
export class CodeBase {
  readonly #sql: Sql;
  readonly #described: Described;
  readonly #isMadeLater: (name: string) => boolean;
  readonly #made = new Map<string, Table>();
  readonly #enums = new Set<string>();
  readonly #refused = new Map<string, Table[]>();
  readonly #untold = new Set<string>();

  /** `isMadeLater`: migrations make the table themselves, so that keys to it wait. */
  constructor(sql: Sql, described: Described, isMadeLater: (name: string) => boolean = () => false) {
    this.#sql = sql;
    this.#described = described;
    this.#isMadeLater = isMadeLater;
  }

  /** Makes every table that is described. */
  async makeAll(): Promise<void> {
    for (const entry of this.#described.enums) await this.#makeEnum(entry.name);
    for (const table of this.#described.tables) await this.#makeTable(table);
  }

  /** Whether the relation or type that an error says is missing is described. */
  describes(complaint: Complaint): boolean {
    const name = missing(complaint);
    return [...this.#described.tables, ...this.#described.enums].some(entry => entry.name === name);
  }

  /** Makes the relation or type that an error says is missing; false when nothing describes it. */
  async supply(complaint: Complaint): Promise<boolean> {
    const name = missing(complaint);
    if (name === undefined) return false;
    if (this.#described.enums.some(entry => entry.name === name)) return this.#makeEnum(name);
    const table = this.#described.tables.find(candidate => candidate.name === name);
    return table !== undefined && this.#makeTable(table);
  }

  /** Whether a statement fails only because what it changes was made in its last form. */
  explains({ sqlstate, message }: Complaint, statement: string): boolean {
    if (!settled.test(sqlstate)) return false;
    const named = [...this.#made.keys(), ...this.#enums].map(name => name.split('.').at(-1) ?? name);
    return named.some(name => message.includes(`"${name}"`) || (sqlstate !== '42704' && statement.includes(name)));
  }

  /** Keys between the tables that were made, their row security and their policies. */
  async finish(): Promise<void> {
    for (const table of this.#made.values()) {
      for (const key of table.foreignKeys) await this.#run(foreignKey(table, key), table);
      if (table.rowSecurity)
        await this.#run(`alter table ${quoteQualified(table.name)} enable row level security`, table);
      for (const policy of table.policies) await this.#makePolicy(policy, table);
    }
  }

  /** Tables that were made, and of which nobody knows whom the database lets at their rows. */
  untold(): ReadonlySet<string> {
    return tellsPolicies(this.#described) ? this.#untold : new Set(this.#made.keys());
  }

  /** Where each table is described, as replays record what migrations make. */
  places(): ReadonlyMap<string, SourcePlace> {
    return new Map(
      [...this.#made].flatMap(([name, { definedAt, policies }]) =>
        definedAt === undefined
          ? []
          : [
              [`table:${name}`, definedAt] as const,
              ...policies.map(policy => [`policy:${name}/${policy.name}`, policy.definedAt ?? definedAt] as const),
            ],
      ),
    );
  }

  /** What a reader must know of tables that were made from a description, and what could not be made. */
  gaps(): readonly Gap[] {
    const refused = [...this.#refused].map(([message, tables]) =>
      gapAbout(
        tables,
        `Of the ${listed(tables)}, which only the code describes, something could not be made: ${message}.`,
      ),
    );
    const made = [...this.#made.values()];
    if (made.length === 0) return refused;
    const reason = `No migration makes the ${listed(made)}: made as the code describes them; what only the database knows (defaults, triggers, grants) may differ. A dump says more: \`pg_dump --schema-only\`, named with --migrations.`;
    return [gapAbout(made, reason), ...refused];
  }

  async #makeEnum(name: string): Promise<boolean> {
    if (this.#enums.has(name)) return false;
    this.#enums.add(name);
    const values = this.#described.enums.find(entry => entry.name === name)?.values ?? [];
    const labels = values.map(value => quoteLiteral(value)).join(', ');
    await this.#makeSchemaOf(name);
    return (await this.#attempt(`create type ${quoteQualified(name)} as enum (${labels})`)) === undefined;
  }

  async #makeTable(table: Table): Promise<boolean> {
    if (this.#made.has(table.name)) return false;
    for (const column of table.columns) {
      const type = column.type.replace(/\[\]$/, '');
      if (this.#described.enums.some(entry => entry.name === type)) await this.#makeEnum(type);
    }
    await this.#makeSchemaOf(table.name);
    const refusal =
      (await this.#attempt(tableStatement(table, typeOf))) === undefined
        ? undefined
        : await this.#attempt(tableStatement(table, await this.#knownTypes(table)));
    if (refusal === undefined) {
      this.#made.set(table.name, table);
      // The keys of a table that a migration made are the migration's.
      for (const key of table.foreignKeys)
        if (!this.#isMadeLater(key.table)) await this.supply({ sqlstate: '42P01', message: `relation "${key.table}"` });
      return true;
    }
    if (refusal.sqlstate !== '42P07') this.#refuse(table, refusal);
    return false;
  }

  /** Types that this Postgres does not have stand as text. */
  async #knownTypes(table: Table): Promise<(column: Column) => string> {
    const known = new Map<string, string>();
    for (const column of table.columns) {
      const type = typeOf(column);
      if (known.has(type)) continue;
      const isThere = (await this.#attempt(`select null::${serialBase(type)}`)) === undefined;
      known.set(type, isThere ? type : 'text');
    }
    return column => known.get(typeOf(column)) ?? 'text';
  }

  async #makeSchemaOf(name: string): Promise<void> {
    const dot = name.indexOf('.');
    if (dot !== -1) await this.#attempt(`create schema if not exists ${quoteName(name.slice(0, dot))}`);
  }

  async #makePolicy(policy: Policy, table: Table): Promise<void> {
    for (const role of policy.roles.filter(name => name !== 'public'))
      await this.#attempt(`create role ${quoteName(role)} nologin`);
    if (!(await this.#run(policyStatement(policy), table))) this.#untold.add(table.name);
  }

  /** Whether it stands now. */
  async #run(statement: string, table: Table): Promise<boolean> {
    const refusal = await this.#attempt(statement);
    if (refusal === undefined || refusal.sqlstate === '42710') return true;
    this.#refuse(table, refusal);
    return false;
  }

  #refuse(table: Table, { message }: Complaint): void {
    const known = this.#refused.get(message) ?? [];
    if (!known.includes(table)) known.push(table);
    this.#refused.set(message, known);
  }

  #attempt(statement: string): Promise<Complaint | undefined> {
    return attempt(this.#sql, statement);
  }
}

/** The relation or type that an error says is missing. */
export function missing({ sqlstate, message }: Complaint): string | undefined {
  if (sqlstate !== '42P01' && sqlstate !== '42704') return undefined;
  return /(?:relation|type) "([^"]+)"/.exec(message)?.[1]?.replace(/^public\./, '');
}

function gapAbout([first]: readonly Table[], reason: string): Gap {
  return { reason, file: first?.definedAt?.file ?? '', line: first?.definedAt?.line ?? 0, settles: 1 };
}

function listed(tables: readonly Table[]): string {
  const shown = tables.slice(0, 5).map(({ name }) => `'${name}'`);
  const rest = tables.length > shown.length ? ` and ${tables.length - shown.length} more` : '';
  return `${tables.length === 1 ? 'table' : 'tables'} ${shown.join(', ')}${rest}`;
}

function tableStatement(table: Table, type: (column: Column) => string): string {
  const columns = table.columns.map(column => columnDefinition(column, type(column)));
  const keys = table.uniqueKeys
    .filter(key => key.join() !== table.primaryKey.join())
    .map(key => `unique (${key.map(quoteName).join(', ')})`);
  const primary = table.primaryKey.length === 0 ? [] : [`primary key (${table.primaryKey.map(quoteName).join(', ')})`];
  return `create table ${quoteQualified(table.name)} (${[...columns, ...primary, ...keys].join(', ')})`;
}

function columnDefinition(column: Column, type: string): string {
  const value = column.hasDefault ? defaultOf(type) : undefined;
  return `${quoteName(column.name)} ${type}${column.notNull ? ' not null' : ''}${value === undefined ? '' : ` default ${value}`}`;
}

function typeOf({ type }: Column): string {
  return /^[a-z][a-z0-9 ]*(\([\d, ]+\))?( with(out)? time zone)?(\[\])*$/.test(type)
    ? type
    : type.endsWith('[]')
      ? `${quoteQualified(type.slice(0, -2))}[]`
      : quoteQualified(type);
}

function serialBase(type: string): string {
  return type
    .replace('bigserial', 'bigint')
    .replace('smallserial', 'smallint')
    .replace(/^serial/, 'integer');
}

/** The code says that a value is filled in, not always which: any of the type lets rows be made. */
function defaultOf(type: string): string | undefined {
  if (type === 'uuid') return 'gen_random_uuid()';
  if (type.startsWith('timestamp') || type === 'date') return 'now()';
  if (type === 'boolean') return 'false';
  if (/^(text|character|citext)/.test(type) && !type.endsWith('[]')) return 'gen_random_uuid()::text';
  if (/^(integer|bigint|smallint|numeric|real|double)/.test(type) && !type.endsWith('[]')) return '0';
  if (/^jsonb?$/.test(type)) return `'{}'`;
  return type.endsWith('[]') ? `'{}'` : undefined;
}

function foreignKey(table: Table, key: ForeignKey): string {
  const list = (names: readonly string[]): string => names.map(quoteName).join(', ');
  return `alter table ${quoteQualified(table.name)} add foreign key (${list(key.columns)}) references ${quoteQualified(key.table)} (${list(key.referencedColumns)}) on delete ${key.onDelete}`;
}

function policyStatement(policy: Policy): string {
  const roles = policy.roles.map(role => (role === 'public' ? 'public' : quoteName(role))).join(', ');
  const using = policy.using === undefined ? '' : ` using (${policy.using})`;
  const check = policy.check === undefined ? '' : ` with check (${policy.check})`;
  return `create policy ${quoteName(policy.name)} on ${quoteQualified(policy.table)} as ${policy.permissive ? 'permissive' : 'restrictive'} for ${policy.command} to ${roles}${using}${check}`;
}
