import { isPlatformTable } from '../../model/database/platform.ts';
import type { DatabaseModel, Table } from '../../model/database/types.ts';
import { byOneWay } from '../../logic/one-way.ts';
import type { Owner, TenancyModel } from '../../model/tenancy/types.ts';
import type { RowSecurity, SqlOptions, TableRule } from './sql/options.ts';

/** What `guardSql` is given for an app, and what of it nobody could tell. */
export interface GuardPlan {
  readonly options: SqlOptions;
  /** One sentence for each thing that stays closed or is left to the developer. */
  readonly notes: readonly string[];
}

/** Which tables are the auth library's own: their names are its own choice, too. */
const authTables =
  /^(?:sessions?|accounts?|verifications?|verification_?tokens?|authenticators?|passkeys?|two_?factors?|jwks)$/i;

/** Makes the plan from who owns which rows; a sentence where there is nothing to stand on. */
export function planGuard(
  database: DatabaseModel,
  tenancy: TenancyModel,
  { auth, libraryAddsMembers }: { readonly auth: boolean; readonly libraryAddsMembers: boolean },
): GuardPlan | string {
  const [membership] = tenancy.memberships;
  const { root, principal } = tenancy;
  if (root === undefined || membership === undefined)
    return 'No table was found that says which user belongs to which tenant.';
  if (membership.lists !== undefined)
    return `'${membership.userColumn}' of '${membership.table}' lists the users of a tenant: the guard needs a table with a row for each user and tenant.`;
  const typeOf = (table: string, column: string): string | undefined =>
    tableOf(database, table)?.columns.find(each => each.name === column)?.type;
  const tenant = typeOf(membership.table, membership.tenantColumn);
  const user = typeOf(membership.table, membership.userColumn);
  if (tenant === undefined || user === undefined) return `The columns of '${membership.table}' are not known.`;
  const notes: string[] = [];
  const platforms: string[] = [];
  const rules = tenancy.owners
    .map(byOneWay)
    .filter(owner => owner.table !== membership.table && tableOf(database, owner.table) !== undefined)
    // The guard's own tables come with their rights and policies.
    .filter(owner => !owner.table.startsWith('drydock.'))
    .filter(owner => {
      const isPlatforms = isPlatformTable(tableOf(database, owner.table) ?? { schema: '' }, database);
      if (isPlatforms) platforms.push(`'${owner.table}'`);
      return !isPlatforms;
    })
    .flatMap(owner => {
      const table = tableOf(database, owner.table);
      const kind = auth && authTables.test(owner.table) ? 'auth' : kindOf(owner, tenancy);
      if (kind === undefined || table === undefined) {
        notes.push(
          owner.ownership.kind === 'tenant'
            ? `'${owner.table}' belongs to tenants of another kind than '${root.table}': it stays closed to the app's role.`
            : `Nobody could tell whose the rows of '${owner.table}' are: it stays closed to the app's role.`,
        );
        return [];
      }
      return [ruleOf(kind, owner, table, auth && [root.table, principal?.table].includes(owner.table))];
    });
  if (platforms.length > 0)
    notes.push(
      `What Supabase keeps for itself (${platforms.join(', ')}) is changed by no migration of yours, and stays closed to the app's role: ask supabase-js for it.`,
    );
  const closed = libraryAddsMembers || membership.roleColumn !== undefined;
  if (!closed)
    notes.push(
      `Rows of '${membership.table}' can be read and removed: who may add them takes in people whom nobody asked, and reads who they are. Invite members in asAdmin, after asking for the right to.`,
    );
  if (closed && !libraryAddsMembers)
    notes.push(
      `'${membership.table}' can be read only: who may write '${membership.roleColumn ?? ''}' makes themselves an administrator. Invite and remove members in asAdmin, after asking for the role.`,
    );
  return {
    options: {
      types: { tenant: plainType(tenant), user: plainType(user) },
      membership: {
        table: membership.table,
        user: membership.userColumn,
        tenant: membership.tenantColumn,
        ...(auth ? { auth } : {}),
        // Who may write memberships may make themselves an administrator: where a library does it, the app need not.
        commands: closed ? ['select'] : ['select', 'delete'],
        rowSecurity: securityOf(tableOf(database, membership.table)),
      },
      tables: withKnownParents(rules, notes),
      views: database.views.filter(view => !view.materialized && view.schema === 'public').map(view => view.name),
    },
    notes,
  };
}

type Kind = TableRule['kind'];

function kindOf({ table, ownership }: Owner, { root, principal }: TenancyModel): Kind | undefined {
  if (table === root?.table) return 'tenants';
  if (table === principal?.table) return 'users';
  switch (ownership.kind) {
    case 'tenant':
      if (ownership.path.at(-1)?.table !== root?.table) return undefined;
      return ownership.path.length === 1 ? 'tenant' : 'child';
    case 'user':
      return ownership.path.length === 1 ? 'user' : 'child';
    case 'shared':
      return 'reference';
    case 'unknown':
      return undefined;
  }
}

function ruleOf(kind: Kind, owner: Owner, table: Table, shared: boolean): TableRule {
  const { ownership } = owner;
  const hop = 'path' in ownership ? ownership.path[0] : undefined;
  const column = hop?.column ?? '';
  const more = {
    table: owner.table,
    ...(table.indexes.some(index => index.columns[0] === column) ? { indexed: true } : {}),
    ...(shared ? { auth: true } : {}),
    rowSecurity: securityOf(table),
  };
  switch (kind) {
    case 'tenant':
    case 'user':
      return { kind, column, ...more };
    case 'child':
      return { kind, column, parent: hop?.table ?? '', key: hop?.referencedColumn ?? 'id', ...more };
    case 'tenants':
    case 'users':
      return { kind, key: table.primaryKey[0] ?? 'id', ...more };
    case 'reference':
    case 'auth':
      return { kind, ...more };
  }
}

/** A child whose parent is not listed, or is nobody's, cannot be told apart and stays closed. */
function withKnownParents(rules: readonly TableRule[], notes: string[]): readonly TableRule[] {
  const owned = new Set(rules.filter(rule => ['tenant', 'user', 'child'].includes(rule.kind)).map(rule => rule.table));
  const kept = rules.filter(rule => rule.kind !== 'child' || owned.has(rule.parent));
  if (kept.length === rules.length) return kept;
  for (const rule of rules.filter(each => !kept.includes(each)))
    notes.push(`'${rule.table}' belongs to a table without an owner of its own: it stays closed to the app's role.`);
  return withKnownParents(kept, notes);
}

function tableOf(database: DatabaseModel, name: string): Table | undefined {
  return database.tables.find(
    table => (table.schema === 'public' ? table.name : `${table.schema}.${table.name}`) === name || table.name === name,
  );
}

function securityOf(table: Table | undefined): RowSecurity {
  if (table?.rowSecurity !== true) return 'off';
  return table.forceRowSecurity ? 'forced' : 'on';
}

/** Casts take no length: `character varying(36)` is compared as text. */
function plainType(type: string): string {
  return /^(?:character varying|varchar|text)/.test(type) ? 'text' : type;
}
