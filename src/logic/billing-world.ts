import type { Column, DatabaseModel, Table } from '../model/database/types.ts';
import type { TenancyModel } from '../model/tenancy/types.ts';
import type { World } from './entails.ts';

/** A small billing app for tests: teams with members, invoices of a team, lines of an invoice, notes of a user, plans for all. */
export function billingWorld(change: (database: DatabaseModel) => DatabaseModel = database => database): World {
  const database: DatabaseModel = {
    tables: [
      table('team', ['id', 'name']),
      table('person', ['id', 'email'], { unique: [['email']] }),
      table('team_member', ['id', 'team_id', 'person_id', 'role'], {
        parents: [
          ['team_id', 'team'],
          ['person_id', 'person'],
        ],
        unique: [['team_id', 'person_id']],
      }),
      table('invoice', ['id', 'team_id', 'number', 'share_token', 'customer_id'], {
        parents: [
          ['team_id', 'team'],
          ['customer_id', 'customer'],
        ],
        unique: [['share_token']],
      }),
      table('customer', ['id', 'team_id', 'name'], { parents: [['team_id', 'team']] }),
      table('invoice_line', ['id', 'invoice_id', 'amount'], { parents: [['invoice_id', 'invoice']] }),
      table('note', ['id', 'person_id', 'text'], { parents: [['person_id', 'person']] }),
      table('plan', ['id', 'name']),
    ],
    views: [],
    functions: [],
    roles: [
      { name: 'postgres', superuser: true, bypassRowSecurity: true, login: true, memberOf: [] },
      { name: 'app', superuser: false, bypassRowSecurity: false, login: false, memberOf: [] },
    ],
    enums: [],
    buckets: [],
    platform: 'plain',
  };
  return { database: change(database), tenancy };
}

const none = { secretColumns: [], capabilityColumns: [] } as const;
const teamHop = { column: 'team_id', table: 'team', referencedColumn: 'id' } as const;
const personHop = { column: 'person_id', table: 'person', referencedColumn: 'id' } as const;

const tenancy: TenancyModel = {
  root: { table: 'team', key: 'id' },
  principal: { table: 'person', key: 'id' },
  memberships: [
    {
      table: 'team_member',
      tenantColumn: 'team_id',
      userColumn: 'person_id',
      roleColumn: 'role',
      adminRoles: ['owner'],
    },
  ],
  owners: [
    { table: 'customer', ownership: { kind: 'tenant', path: [teamHop] }, confidence: 'foreign-key', ...none },
    {
      table: 'invoice',
      ownership: { kind: 'tenant', path: [teamHop] },
      confidence: 'foreign-key',
      secretColumns: [],
      capabilityColumns: ['share_token'],
    },
    {
      table: 'invoice_line',
      ownership: {
        kind: 'tenant',
        path: [{ column: 'invoice_id', table: 'invoice', referencedColumn: 'id' }, teamHop],
      },
      confidence: 'foreign-key',
      ...none,
    },
    { table: 'note', ownership: { kind: 'user', path: [personHop] }, confidence: 'foreign-key', ...none },
    {
      table: 'person',
      ownership: { kind: 'user', path: [{ column: 'id', table: 'person', referencedColumn: 'id' }] },
      confidence: 'foreign-key',
      ...none,
    },
    { table: 'plan', ownership: { kind: 'shared', because: 'it refers to nobody.' }, confidence: 'name', ...none },
    {
      table: 'team',
      ownership: { kind: 'tenant', path: [{ column: 'id', table: 'team', referencedColumn: 'id' }] },
      confidence: 'foreign-key',
      ...none,
    },
    { table: 'team_member', ownership: { kind: 'tenant', path: [teamHop] }, confidence: 'foreign-key', ...none },
  ],
  reasons: [],
};

function table(
  name: string,
  columns: readonly string[],
  options: {
    readonly parents?: readonly (readonly [string, string])[];
    readonly unique?: readonly (readonly string[])[];
  } = {},
): Table {
  return {
    name,
    schema: 'public',
    kind: 'table',
    owner: 'postgres',
    columns: columns.map(toColumn),
    primaryKey: ['id'],
    uniqueKeys: [['id'], ...(options.unique ?? [])],
    foreignKeys: (options.parents ?? []).map(([column, parent]) => ({
      name: `${name}_${column}_fkey`,
      columns: [column],
      table: parent,
      referencedColumns: ['id'],
      onDelete: 'cascade' as const,
    })),
    indexes: [],
    rowSecurity: false,
    forceRowSecurity: false,
    policies: [],
    grants: [],
  };
}

function toColumn(name: string): Column {
  return { name, type: 'text', notNull: true, hasDefault: false, generated: false };
}
