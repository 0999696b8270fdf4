import { plainName } from '../../core/names.ts';
import type { Column, DatabaseModel, ForeignKey, Table } from '../database/types.ts';
import type { PolicyUse } from './links.ts';
import type { TenancyModel } from './types.ts';
import { freeColumns, tenantsWithoutTable } from './tenants-without-table.ts';

/** Users and tenants that the database has no table of (a sign-in service keeps them, or the session names them): only their ids. */
interface KeptElsewhere {
  readonly database: DatabaseModel;
  /** What the tables are called that stand in for the missing ones. */
  readonly names: { readonly users?: string; readonly tenants?: string };
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

const users = 'users kept elsewhere';
const tenants = 'tenants kept elsewhere';

/** What the database has a table of. */
export interface Kept {
  readonly users: boolean;
  /** Asked only where a column could name tenants that it lacks. */
  readonly tenants: () => boolean;
}

/** The database with tables that stand in for those that it lacks; absent where no column names any of it. */
export function keptElsewhere(
  database: DatabaseModel,
  uses: readonly PolicyUse[],
  kept: Kept,
): KeptElsewhere | undefined {
  const missing = [
    { name: users, columns: kept.users ? none : firstOf([ofUser, ofMaker], database) },
    { name: tenants, columns: tenantColumns(database, uses, kept) },
  ].filter(({ name, columns }) => columns.size > 0 && (name === users || !kept.tenants()));
  if (missing.length === 0) return undefined;
  const types = new Map(missing.map(({ name, columns }) => [name, keyType([...columns.values()])]));
  const standing = new Set(types.keys());
  const [userType, tenantType] = [types.get(users), types.get(tenants)];
  return {
    names: { ...(userType === undefined ? {} : { users }), ...(tenantType === undefined ? {} : { tenants }) },
    database: {
      ...database,
      tables: [
        ...database.tables.map(table => ({
          ...table,
          foreignKeys: [
            ...table.foreignKeys,
            ...missing.flatMap(({ name, columns }) => keyTo(name, table, columns.get(table))),
          ],
        })),
        ...[...types].map(([name, type]) => standIn(name, type)),
      ],
    },
    restore: tenancy => ({
      ...tenancy,
      root: tenancy.root !== undefined && standing.has(tenancy.root.table) ? undefined : tenancy.root,
      principal:
        tenancy.principal !== undefined && standing.has(tenancy.principal.table) ? undefined : tenancy.principal,
      memberships: tenancy.memberships.filter(({ table }) => !standing.has(table)),
      owners: tenancy.owners.filter(({ table }) => !standing.has(table)),
      keptElsewhere: {
        ...(userType === undefined ? {} : { users: userType }),
        ...(tenantType === undefined ? {} : { tenants: tenantType }),
      },
      reasons: [
        ...tenancy.reasons,
        ...(userType === undefined
          ? []
          : ['Users are kept by the sign-in service: columns with their ids say whose a row is.']),
        ...(userType !== undefined || tenantType === undefined
          ? []
          : ['No table holds the tenants: columns with their ids say whose a row is.']),
      ],
    }),
  };
}

type ColumnByTable = ReadonlyMap<Table, Column>;

const none: ColumnByTable = new Map();

function tenantColumns(database: DatabaseModel, uses: readonly PolicyUse[], kept: Kept): ColumnByTable {
  const told = tenantsWithoutTable(database, uses);
  return told.size > 0 || kept.users ? told : firstOf([ofTenant], database);
}

/** In each table the column that the first pattern names which names any. */
function firstOf(patterns: readonly RegExp[], database: DatabaseModel): ColumnByTable {
  for (const pattern of patterns) {
    const found = database.tables.flatMap((table): [Table, Column][] => {
      const column = freeColumns(table).find(({ name }) => pattern.test(plainName(name)));
      return column === undefined ? [] : [[table, column]];
    });
    if (found.length > 0) return new Map(found);
  }
  return new Map();
}

function keyTo(target: string, table: Table, column: Column | undefined): readonly ForeignKey[] {
  if (column === undefined) return [];
  return [
    {
      name: `${table.name}_${column.name}`,
      columns: [column.name],
      table: target,
      referencedColumns: ['id'],
      onDelete: 'cascade',
    },
  ];
}

/** The narrowest type that each of the columns holds. */
function keyType(columns: readonly Column[]): string {
  return ['uuid', 'smallint', 'integer', 'bigint'].find(type => columns.some(column => column.type === type)) ?? 'text';
}

function standIn(name: string, type: string): Table {
  return {
    name,
    schema: 'public',
    kind: 'table',
    owner: '',
    columns: [{ name: 'id', type, notNull: true, hasDefault: false, generated: false }],
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
