import { plainName } from '../../core/names.ts';
import type { DatabaseModel, ForeignKey, Table } from '../database/types.ts';
import { isAuthenticationTable } from './secrets.ts';
import type { TenancyModel } from './types.ts';

/** Users and tenants that a sign-in service keeps (Clerk, Auth0, WorkOS): the app's tables only have their ids. */
interface KeptElsewhere {
  readonly database: DatabaseModel;
  /** What the tables are called that stand in for those of the service. */
  readonly names: { readonly users: string; readonly tenants?: string };
  /** The tenancy without the tables that are not in the database. */
  readonly restore: (tenancy: TenancyModel) => TenancyModel;
}

const service = '(?:(?:clerk|auth0?|workos|firebase|supabase|kinde|stack|external)_)?';
const ofUser = new RegExp(
  `^${service}(?:user|owner)_?(?:id|uid|uuid)$|^(?:clerk|auth0?|workos|firebase|kinde)_?(?:id|uid)$`,
);
const ofTenant = new RegExp(`^${service}(?:org|organization|organisation|tenant)_?(?:id|uuid)$`);
/** Where nothing else names a user, whoever made a row has it. */
const ofMaker = /^(?:created|owned|uploaded)_by(?:_id|_user_id)?$|^user_?email$/;

const users = 'users of the sign-in service';
const tenants = 'organizations of the sign-in service';
const standIns: readonly { readonly name: string; readonly columns: readonly RegExp[] }[] = [
  { name: users, columns: [ofUser, ofMaker] },
  { name: tenants, columns: [ofTenant] },
];

/** The database with tables that stand in for what the sign-in service keeps; absent where no column names any of it. */
export function keptElsewhere(database: DatabaseModel): KeptElsewhere | undefined {
  const keys = new Map<string, ForeignKey[]>();
  for (const { name, columns } of standIns) {
    for (const pattern of columns) {
      const found = database.tables.flatMap(table => keysTo(name, pattern, table));
      for (const { table, key } of found) keys.set(table, [...(keys.get(table) ?? []), key]);
      if (found.length > 0) break;
    }
  }
  if (keys.size === 0) return undefined;
  const hasTenants = [...keys.values()].flat().some(key => key.table === tenants);
  const names = new Set(hasTenants ? [users, tenants] : [users]);
  return {
    names: hasTenants ? { users, tenants } : { users },
    database: {
      ...database,
      tables: [
        ...database.tables.map(table => ({
          ...table,
          foreignKeys: [...table.foreignKeys, ...(keys.get(table.name) ?? [])],
        })),
        ...[...names].map(standIn),
      ],
    },
    restore: ({ root, principal, memberships, owners, reasons }) => ({
      root: root !== undefined && names.has(root.table) ? undefined : root,
      principal: principal !== undefined && names.has(principal.table) ? undefined : principal,
      memberships: memberships.filter(({ table }) => !names.has(table)),
      owners: owners.filter(({ table }) => !names.has(table)),
      reasons: [...reasons, 'Users are kept by the sign-in service: columns with their ids say whose a row is.'],
    }),
  };
}

function keysTo(
  target: string,
  pattern: RegExp,
  table: Table,
): readonly { readonly table: string; readonly key: ForeignKey }[] {
  if (isAuthenticationTable(table)) return [];
  const referring = new Set(table.foreignKeys.flatMap(key => key.columns));
  const column = table.columns.find(({ name }) => !referring.has(name) && pattern.test(plainName(name)));
  if (column === undefined) return [];
  const key: ForeignKey = {
    name: `${table.name}_${column.name}`,
    columns: [column.name],
    table: target,
    referencedColumns: ['id'],
    onDelete: 'cascade',
  };
  return [{ table: table.name, key }];
}

function standIn(name: string): Table {
  return {
    name,
    schema: 'public',
    kind: 'table',
    owner: '',
    columns: [{ name: 'id', type: 'text', notNull: true, hasDefault: false, generated: false }],
    primaryKey: ['id'],
    uniqueKeys: [['id']],
    foreignKeys: [],
    indexes: [],
    rowSecurity: false,
    forceRowSecurity: false,
    policies: [],
    grants: [],
  };
}
