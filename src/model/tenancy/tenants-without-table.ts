import { plainName } from '../../core/names.ts';
import { isPlatformTable } from '../database/platform.ts';
import type { Column, DatabaseModel, Table } from '../database/types.ts';
import { isNamedIn, nameInSession, namesUsers, usesOf, type PolicyUse } from './links.ts';
import { isTenantNoun } from './names.ts';
import { isAuthenticationTable } from './secrets.ts';

/**
 * The column of each table that names a tenant of which the database keeps no table: policies compare it with what the
 * session says of the tenant (`org_id = auth.jwt() ->> 'org_id'`), or ask for it under a name that only tenants have, in a
 * membership say. Empty where no policy does.
 */
export function tenantsWithoutTable(database: DatabaseModel, uses: readonly PolicyUse[]): ReadonlyMap<Table, Column> {
  const tables = database.tables.filter(table => !isPlatformTable(table, database));
  const named = new Map<string, Asked>();
  for (const table of tables)
    for (const column of freeColumns(table)) {
      const told = toldBy(table, column, uses);
      const name = plainName(column.name);
      const before = named.get(name) ?? { tables: 0, told: [], isTenants: false };
      named.set(name, {
        tables: before.tables + 1,
        told: [...before.told, ...told],
        isTenants: before.isTenants || (isOfTenant(name, database) && isAsked(table, column, uses)),
      });
    }
  const asked = [...named].filter(
    ([name, { tables: count, told, isTenants }]) =>
      !namesUsers(uses, name) && (isTenants || (told.length > 0 && /_(id|uuid)$/.test(name) && count > 1)),
  );
  const [best] = asked.toSorted(([, left], [, right]) => rank(right) - rank(left));
  if (best === undefined) return new Map();
  // `org_id` here and `organization_id` there, compared with one and the same claim.
  const names = new Set([
    best[0],
    ...asked.filter(([, { told }]) => told.some(term => best[1].told.includes(term))).map(([name]) => name),
  ]);
  return new Map(
    tables.flatMap((table): [Table, Column][] => {
      const column = freeColumns(table).find(({ name }) => names.has(plainName(name)));
      return column === undefined ? [] : [[table, column]];
    }),
  );
}

/** Columns without a key to another table, of tables that are the app's own. */
export function freeColumns(table: Table): readonly Column[] {
  if (isAuthenticationTable(table)) return [];
  const keyed = new Set(table.foreignKeys.flatMap(({ columns }) => columns));
  return table.columns.filter(({ name }) => !keyed.has(name));
}

/** How the tables of an app use a column of one name. */
interface Asked {
  readonly tables: number;
  /** What of the session it is compared with. */
  readonly told: readonly string[];
  /** Whether it is called after tenants, and a policy asks for it. */
  readonly isTenants: boolean;
}

function rank({ tables, told }: Asked): number {
  return tables + (told.length > 0 ? 1000 : 0);
}

function toldBy(table: Table, { name }: Column, uses: readonly PolicyUse[]): readonly string[] {
  return usesOf(uses, table.name, name).flatMap(use => (use.inside === 'own' ? (nameInSession(use.with) ?? []) : []));
}

/** A policy of the table names the column, and not only beside a value that the policy itself gives. */
function isAsked(table: Table, { name }: Column, uses: readonly PolicyUse[]): boolean {
  if (!table.policies.some(policy => isNamedIn(policy, name))) return false;
  const own = usesOf(uses, table.name, name);
  return own.length === 0 || own.some(use => use.with.kind !== 'constant');
}

/** `org_id`, `companyId`, `tenant_slug`, `tenant`: called after tenants, where no table is. */
function isOfTenant(name: string, database: DatabaseModel): boolean {
  const noun = /^(?:clerk_|auth0?_|workos_)?(.+?)(?:_?(?:id|uuid|slug|key|code))?$/.exec(name)?.[1];
  return (
    noun !== undefined &&
    isTenantNoun(noun) &&
    !database.tables.some(table => plainName(table.name) === plainName(noun))
  );
}
