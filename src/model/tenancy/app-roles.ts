import { plainName } from '../../core/names.ts';
import { withoutComments } from '../../core/sql-text.ts';
import type { Column, DatabaseFunction, DatabaseModel, Table } from '../database/types.ts';
import {
  isAdministratorRole,
  isFlagBeyondTenants,
  isPrivilegedRole,
  isRoleBeyondTenants,
  isRoleColumn,
  isStaffFlag,
  isStaffRole,
} from './names.ts';
import type { Membership, TenancyModel } from './types.ts';
import { conditionsAndBodies } from '../database/texts.ts';
import { isPlatformTable } from '../database/platform.ts';
import { confinedRoles } from './confined-roles.ts';
import { tableNamed } from '../../logic/named.ts';

/**
 * Roles of the whole app: a table that says of a user, and of no tenant, what he may do. Whoever holds more than the app
 * gives to everybody works for it, so that nobody who attacks holds it unless he can come by it.
 */
export interface AppRoles {
  readonly table: string;
  readonly userColumn: string;
  /** Absent where to have a row is enough, or where it names a row of a table of roles. */
  readonly roleColumn?: string;
  /** Where roles are rows of another table: the key to it, and the column there that says which role it is. */
  readonly named?: {
    readonly column: string;
    readonly table: string;
    readonly key: string;
    readonly label: string;
  };
  /** Whether a row says nothing else: then people without a role have none. */
  readonly isPure: boolean;
  /** Whoever has a row works for the app, whatever his role is called: a table of administrators, of which the app gives nobody a row. */
  readonly everyRow?: true;
  /** Flags such as `is_admin`. */
  readonly flags: readonly string[];
  /** Values that people of tenants hold: what the app's own functions give to whoever asks, what policies hold to their tenants, and what sounds like nothing special. */
  readonly given: readonly string[];
  /** Values that make more of somebody than of others. */
  readonly privileged: readonly string[];
  /**
   * Where a membership that names no tenant is one of the whole app: the empty column, the roles that make staff of somebody,
   * and those that the app gives in this way to whoever asks.
   */
  readonly everywhere?: {
    readonly column: string;
    readonly roles: readonly string[];
    readonly given: readonly string[];
  };
}

/** The tables that give roles of the whole app, as far as policies or functions read them. */
export function appRoles(database: DatabaseModel, tenancy: TenancyModel): readonly AppRoles[] {
  const before = known.get(tenancy);
  if (before !== undefined) return before;
  const conditions = conditionsAndBodies(database);
  const memberships = tenancy.memberships.flatMap(membership => staffAmongMembers(membership, database, conditions));
  const own = tenancy.owners.flatMap(({ table: name, ownership }) => {
    const table = tableNamed(database, name);
    if (table === undefined || ownership.kind !== 'user' || ownership.path.length > 1) return [];
    if (isPlatformTable(table, database) || tenancy.memberships.some(each => each.table === name)) return [];
    return readRoles(table, ownership.path[0].column, { database, tenancy, conditions });
  });
  const found = [...own, ...memberships];
  known.set(tenancy, found);
  return found;
}

/** `super_admin` beside the roles within a tenant, or an `admin` of no tenant: who runs the app is written down like everybody else. */
function staffAmongMembers(
  membership: Membership,
  database: DatabaseModel,
  conditions: readonly string[],
): readonly AppRoles[] {
  const { table: name, userColumn, roleColumn } = membership;
  const table = tableNamed(database, name);
  if (table === undefined || isPlatformTable(table, database)) return [];
  const role = table.columns.find(column => column.name === roleColumn);
  const named = conditions.filter(text => mentions(text, table));
  const flags = table.columns.filter(({ name: flag, type }) => type === 'boolean' && isFlagBeyondTenants(flag));
  const asked = role === undefined ? [] : askedOf(table, database, conditions).map(asCompared(role));
  const values = role === undefined ? [] : valuesOf(table, role, database, [...named, ...asked]);
  const privileged = values.filter(isStaffRole);
  const everywhere = role === undefined ? undefined : rolesOfNoTenant(table, membership, { database, values, named });
  return privileged.length === 0 && everywhere === undefined && flags.length === 0
    ? []
    : [
        {
          table: name,
          userColumn,
          ...(role === undefined ? {} : { roleColumn: role.name }),
          isPure: false,
          flags: flags.map(flag => flag.name),
          given: [],
          privileged,
          ...(everywhere === undefined ? {} : { everywhere }),
        },
      ];
}

/** What rows without a tenant say, where conditions ask for such. */
function rolesOfNoTenant(
  table: Table,
  { tenantColumn, userColumn, roleColumn = '', lists }: Membership,
  {
    database,
    values,
    named,
  }: { readonly database: DatabaseModel; readonly values: readonly string[]; readonly named: readonly string[] },
): AppRoles['everywhere'] {
  const isOptional = table.columns.some(({ name, notNull }) => name === tenantColumn && !notNull);
  const isOnePerUser = table.primaryKey.length === 1 && table.primaryKey[0] === userColumn;
  const empty = new RegExp(`\\b${tenantColumn}"?\\)?\\s+is\\s+null`, 'i');
  if (lists !== undefined || !isOptional || isOnePerUser || !named.some(text => empty.test(text))) return undefined;
  const without = openInserts(database, table).filter(
    statement => !new RegExp(`\\b${tenantColumn}\\b`).test(statement) || /\bnull\b/i.test(statement),
  );
  // A role that is not named is the default, whatever that is.
  if (without.some(statement => !new RegExp(`\\b${roleColumn}\\b`).test(statement))) return undefined;
  const literal = without.flatMap(literals);
  const given = values.filter(value => literal.includes(value));
  return {
    column: tenantColumn,
    roles: values.filter(value => isPrivilegedRole(value) && !given.includes(value)),
    given,
  };
}

const known = new WeakMap<TenancyModel, readonly AppRoles[]>();

interface Known {
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  readonly conditions: readonly string[];
}

function readRoles(table: Table, userColumn: string, { database, tenancy, conditions }: Known): readonly AppRoles[] {
  const named = conditions.filter(text => mentions(text, table));
  if (named.length === 0) return [];
  const role = table.columns.find(
    column => isRoleColumn(column.name) && !/^(uuid|bool|int|big|small|timestamp|date|json|numeric)/.test(column.type),
  );
  const flags = table.columns.filter(column => column.type === 'boolean' && isStaffFlag(column.name));
  const isPure = isRoleNoun(table.name);
  if (!isPure && role === undefined && flags.length === 0) return [];
  const asked = askedOf(table, database, conditions);
  const link = role === undefined ? rolesBehind(table, database) : undefined;
  const values =
    role === undefined
      ? link === undefined
        ? []
        : [...new Set(asked)]
      : valuesOf(table, role, database, [...named, ...asked.map(asCompared(role))]);
  const handed =
    role === undefined
      ? []
      : [...new Set([...givenBy(database, table, values), ...confinedRoles(values, database, tenancy.memberships)])];
  const everyRow = isAdministratorNoun(table.name) && openInserts(database, table).length === 0;
  const plain = values.filter(value => !isPrivilegedRole(value) && !handed.includes(value));
  const given = everyRow ? [] : [...handed, ...plain];
  return [
    {
      table: table.name,
      userColumn,
      ...(role === undefined ? {} : { roleColumn: role.name }),
      ...(link === undefined ? {} : { named: link }),
      isPure,
      ...(everyRow ? { everyRow } : {}),
      flags: flags.map(column => column.name),
      given,
      privileged: values.filter(value => (everyRow || isPrivilegedRole(value)) && !given.includes(value)),
    },
  ];
}

/** The table of roles that a row refers to, and its column of names. */
function rolesBehind(table: Table, database: DatabaseModel): AppRoles['named'] {
  for (const { columns, table: to, referencedColumns } of table.foreignKeys) {
    const target = tableNamed(database, to);
    const label = target === undefined ? undefined : roleLabel(target);
    const [[column], [key]] = [columns, referencedColumns];
    if (label === undefined || column === undefined || key === undefined) continue;
    return { column, table: to, key, label: label.name };
  }
  return undefined;
}

/** The column of a table of roles that says which one a row is. */
export function roleLabel({ name: table, columns }: Table): Column | undefined {
  return /(^|_)role$/.test(plainName(table))
    ? columns.find(
        ({ name, type }) => /^(name|key|slug|code|role|title)$/i.test(name) && /^(text|char|citext)/.test(type),
      )
    : undefined;
}

/** The role that the app gives to the people of tenants: to those who run one, or to the others; undefined where it gives none. */
export function givenRole({ given }: AppRoles, isAdministrator: boolean): string | undefined {
  const administrators = given.filter(isAdministratorRole);
  const plain = given.filter(value => !isPrivilegedRole(value));
  return isAdministrator ? (administrators[0] ?? given.find(isPrivilegedRole) ?? plain[0]) : plain[0];
}

function isRoleNoun(table: string): boolean {
  return /(^|_)(role|admin|administrator|superadmin|staff|moderator|operator|superuser)(_user|_member|_assignment)?$/.test(
    plainName(table),
  );
}

function isAdministratorNoun(table: string): boolean {
  return isRoleNoun(table) && /admin|superuser/.test(plainName(table));
}

function mentions(text: string, table: Table): boolean {
  return new RegExp(`(?<![\\w$])${plainTable(table)}(?![\\w$])`, 'i').test(text);
}

function plainTable({ name }: Table): string {
  return name.slice(name.lastIndexOf('.') + 1).replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** What the column may hold; where anything goes, what conditions compare it with. */
function valuesOf(table: Table, role: Column, database: DatabaseModel, texts: readonly string[]): readonly string[] {
  const values = listed(table, role, database);
  return [...new Set(values.length === 0 ? compared(texts, role) : values)];
}

/** The constants with which conditions call functions that read the table: `has_role(auth.uid(), 'admin')`. */
function askedOf(table: Table, database: DatabaseModel, conditions: readonly string[]): readonly string[] {
  const askers = database.functions.filter(({ body }) => mentions(body, table));
  return askers.flatMap(({ name }) => {
    const plain = (name.split('.').at(-1) ?? name).replaceAll(/\W/g, '\\$&');
    const call = new RegExp(`\\b${plain}"?\\s*\\(((?:[^()]|\\([^()]*\\))*)\\)`, 'g');
    return conditions.flatMap(text => [...text.matchAll(call)].flatMap(match => literals(match[1] ?? '')));
  });
}

/** What is given to such a function it compares with the role. */
function asCompared({ name }: Column): (value: string) => string {
  return value => `${name} = '${value.replaceAll("'", "''")}'`;
}

/** What an enum or a check leaves to the column. */
function listed(table: Table, column: Column, database: DatabaseModel): readonly string[] {
  const values = database.enums.find(candidate => candidate.name === column.type.replaceAll('"', ''))?.values;
  if (values !== undefined) return values;
  const check = table.checks?.find(({ expression }) => new RegExp(`\\b${column.name}\\b`).test(expression));
  return check === undefined ? [] : literals(check.expression);
}

/** Constants with which conditions compare a column of this name. */
function compared(texts: readonly string[], { name }: Column): readonly string[] {
  const comparison = new RegExp(
    `\\b${name}"?\\)?(?:::[\\w ]+)?\\s*(?:=|<>|!=|in)\\s*(?:any\\s*)?\\(*(?:array\\[)?((?:'[^']*'(?:::[\\w. "]+)?[\\s,)]*)+)`,
    'gi',
  );
  return texts.flatMap(text => [...text.matchAll(comparison)].flatMap(match => literals(match[1] ?? '')));
}

function literals(text: string): readonly string[] {
  return [...text.matchAll(/'((?:[^']|'')*)'/g)].map(match => (match[1] ?? '').replaceAll("''", "'"));
}

/** Values that a function writes into the table which whoever signs up or asks may set off, and which asks for no role. */
function givenBy(database: DatabaseModel, table: Table, values: readonly string[]): readonly string[] {
  const found = openInserts(database, table).flatMap(literals);
  return values.filter(value => found.includes(value) && !isRoleBeyondTenants(value));
}

/** Statements of such functions that add rows to the table. */
function openInserts(database: DatabaseModel, table: Table): readonly string[] {
  const writes = new RegExp(`insert\\s+into\\s+(?:"?\\w+"?\\.)?"?${plainTable(table)}"?(?![\\w$])[^;]*`, 'gi');
  const askers = database.functions.filter(definition => mentions(definition.body, table));
  return database.functions.flatMap(definition => {
    const body = withoutComments(definition.body);
    const statements = [...body.matchAll(writes)].map(match => match[0]);
    if (statements.length === 0 || !isOpen(definition)) return [];
    const rest = statements.reduce((text, statement) => text.replace(statement, ''), body);
    const asks =
      mentions(rest, table) ||
      askers.some(
        asker => asker !== definition && new RegExp(`\\b${asker.name.split('.').at(-1) ?? ''}\\s*\\(`).test(rest),
      );
    return asks ? [] : statements;
  });
}

/** A trigger function, or one that requests may call. */
function isOpen({ returns, grants }: DatabaseFunction): boolean {
  return (
    /trigger/.test(returns) ||
    grants.some(grant => grant.privilege === 'execute' && /^(public|anon|authenticated)$/.test(grant.role))
  );
}
