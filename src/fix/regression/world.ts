import { compareText } from '../../core/place.ts';
import type { DatabaseModel, Table } from '../../model/database/types.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';
import type { Seed, SeededTenant, SeededUser } from '../../prove/exploit/seed-types.ts';

/** A row as `to_jsonb` gives it. */
export type StoredRow = Readonly<Record<string, unknown>>;

/** What the written tests start from: the tenants, their rows, and how to recognise them. Plain JSON. */
export interface World {
  readonly root: { readonly table: string; readonly key: string };
  readonly password: string;
  /** Where the auth library may be mounted. */
  readonly mounts: readonly string[];
  readonly tables: readonly {
    readonly name: string;
    readonly columns: readonly string[];
    readonly primaryKey: readonly string[];
  }[];
  /** Tables whose rows stay when other tenants' content is taken away. */
  readonly kept: readonly string[];
  readonly tenants: Readonly<Record<string, Pick<SeededTenant, 'tenantId' | 'users' | 'rows'>>>;
  readonly stranger?: SeededUser;
  readonly memberOfBoth?: SeededUser;
  readonly credentials: Readonly<Record<string, string>>;
  /** Values that name a tenant's row, with the tenant. */
  readonly ids: readonly (readonly [string, string])[];
  /** Values of secret columns of tenant A. */
  readonly secrets: readonly { readonly column: string; readonly value: string }[];
  readonly rows: Readonly<Record<string, readonly StoredRow[]>>;
}

/** What a world is made from: a lab that was opened on a seeded database. */
export interface WorldSource {
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  readonly seed: Seed;
  /** Rows by table, as they were when everybody had signed in. */
  readonly clean: ReadonlyMap<string, ReadonlyMap<string, StoredRow>>;
  readonly credentials: Readonly<Record<string, string>>;
  readonly password: string;
  /** URL patterns of the build. */
  readonly routes: readonly string[];
}

const shortestId = 10;

/** Writes down a seeded database so that the tests can fill an empty one with it. */
export function createWorld(source: WorldSource): World {
  const { database, tenancy, seed } = source;
  const root = tenancy.root ?? tenancy.principal ?? { table: '', key: 'id' };
  const tables = database.tables
    .filter(table => table.kind !== 'foreign-table' && !isPassing(table))
    .toSorted((left, right) => compareText(left.name, right.name));
  const tenants = Object.entries(seed.tenants).flatMap(([key, tenant]) =>
    tenant === undefined ? [] : [[key, tenant] as const],
  );
  return {
    root: { table: root.table, key: root.key },
    password: source.password,
    mounts: mountsOf(source.routes),
    tables: tables.map(table => ({
      name: table.name,
      columns: table.columns.filter(column => !column.generated).map(column => column.name),
      primaryKey: table.primaryKey,
    })),
    kept: [
      root.table,
      tenancy.principal?.table ?? root.table,
      ...tenancy.memberships.map(membership => membership.table),
    ],
    tenants: Object.fromEntries(tenants.map(([key, { tenantId, users, rows }]) => [key, { tenantId, users, rows }])),
    ...(seed.stranger === undefined ? {} : { stranger: seed.stranger }),
    ...(seed.memberOfBoth === undefined ? {} : { memberOfBoth: seed.memberOfBoth }),
    credentials: source.credentials,
    ids: idsOf(source, tables),
    secrets: secretsOf(source),
    rows: Object.fromEntries(tables.map(table => [table.name, [...(source.clean.get(table.name)?.values() ?? [])]])),
  };
}

// Sessions and one-time codes come and go with every visitor; the tests make their own.
function isPassing(table: Table): boolean {
  return (
    table.columns.some(column => /^expires_?at$/i.test(column.name)) &&
    table.columns.some(column => /^(?:token|value|session_token)$/i.test(column.name))
  );
}

function mountsOf(routes: readonly string[]): readonly string[] {
  const found = routes
    .filter(route => /\/\[\[?\.\.\.[^\]]+\]\]?$/.test(route))
    .map(route => route.replace(/\/\[\[?\.\.\.[^\]]+\]\]?$/, ''));
  return [...new Set([...found, '/api/auth'])];
}

// Tenants, users, and every row's own key that is too long to be met by chance.
function idsOf({ seed }: WorldSource, tables: readonly Table[]): World['ids'] {
  const ids = new Map<string, string>();
  for (const [key, tenant] of Object.entries(seed.tenants)) {
    if (tenant === undefined) continue;
    ids.set(tenant.tenantId, key);
    for (const user of tenant.users) ids.set(user.id, key);
    for (const table of tables) {
      const own = table.primaryKey.filter(
        column => !table.foreignKeys.some(foreign => foreign.columns.includes(column)),
      );
      for (const row of tenant.rows[table.name] ?? []) {
        for (const column of own) {
          const value = row[column];
          if (typeof value === 'string' && value.length >= shortestId && /[a-z]/i.test(value) && !ids.has(value))
            ids.set(value, key);
        }
      }
    }
  }
  // A user of several tenants belongs to none of them alone.
  if (seed.memberOfBoth !== undefined) ids.delete(seed.memberOfBoth.id);
  return [...ids].toSorted((left, right) => compareText(left[0], right[0]));
}

function secretsOf({ tenancy, seed, clean }: WorldSource): World['secrets'] {
  const users = new Set([seed.tenants.A?.tenantId, ...(seed.tenants.A?.users.map(user => user.id) ?? [])]);
  return tenancy.owners.flatMap(owner =>
    owner.secretColumns
      .filter(column => !owner.capabilityColumns.includes(column) || /hash|digest|password/i.test(column))
      .flatMap(column =>
        [...(clean.get(owner.table)?.values() ?? [])].flatMap(row => {
          const value = row[column];
          const own = Object.values(row).some(each => typeof each === 'string' && users.has(each));
          return own && typeof value === 'string' && value.length >= shortestId
            ? [{ column: `${owner.table}.${column}`, value }]
            : [];
        }),
      ),
  );
}
