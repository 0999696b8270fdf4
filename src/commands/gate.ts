import { listed } from '../core/list.ts';
import { comparePlaces, compareText } from '../core/place.ts';
import { opensFor, type Gate, type GateFault } from '../core/rules.ts';
import { ownershipOf } from '../fix/idioms/ownership.ts';
import { withHelpers } from '../fix/idioms/helper-functions.ts';
import { createPolicy, grantedCommands, ownerCondition, quoted, rolesGranted } from '../fix/idioms/policy.ts';
import type { DatabaseModel, Grant, Table } from '../model/database/types.ts';
import type { OwnerHop, TenancyModel } from '../model/tenancy/types.ts';
import { isPlatformTable } from '../model/database/platform.ts';
import { boundRoles } from '../model/database/roles.ts';
import { tableNamed } from '../logic/named.ts';
import { findRenames, messagesNow } from './changes/renames.ts';

/** A database and who owns what in it. */
export interface Owned {
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
}

/**
 * What tables with an owner lack before their rows are safe to keep: row security, policies, narrow grants, an index.
 * With `before`, only what was not missing there already.
 */
export function gate(after: Owned, before?: Owned & { readonly since: string }): Gate {
  const tables = guarded(after);
  const expects = tables.some(table => isLeftToPolicies(table, after)) ? 'policies' : 'app';
  const known = before === undefined ? new Set<string>() : faultsBefore(before, after);
  const faults = tables.flatMap(table => faultsOf(table, after)).filter(fault => !known.has(keyOf(fault)));
  return {
    expects,
    because: expects === 'policies' ? policiesExpected : appExpected,
    tables: tables.length,
    ...(before === undefined ? {} : { since: before.since }),
    faults: faults.toSorted(compareFaults),
  };
}

/** What was missing before, by the names of now. */
function faultsBefore(before: Owned, { database }: Owned): ReadonlySet<string> {
  const renames = findRenames(before.database, database);
  const faults = guarded(before).flatMap(table => faultsOf(table, before));
  return new Set(
    faults.flatMap(({ table, kind, message }) =>
      messagesNow(message, renames).map(now =>
        keyOf({ table: renames.tables.get(table) ?? table, kind, message: now }),
      ),
    ),
  );
}

const kinds: readonly GateFault['kind'][] = [
  'row-security',
  'forced-row-security',
  'policy',
  'grant',
  'foreign-key',
  'index',
];

function compareFaults(left: GateFault, right: GateFault): number {
  return (
    comparePlaces(left, right) ||
    compareText(left.table, right.table) ||
    kinds.indexOf(left.kind) - kinds.indexOf(right.kind) ||
    compareText(left.message, right.message)
  );
}

const policiesExpected =
  'Policies keep tenants apart here: a table with their rows needs row security, policies, grants like its siblings, and an index on its owner’s column.';

const appExpected =
  'No role and no policy of this database keeps tenants apart, so the queries of the app do (drydock trace judges them): a table with their rows needs an index on its owner’s column and a foreign key to its owner.';

function keyOf({ table, kind, message }: Pick<GateFault, 'table' | 'kind' | 'message'>): string {
  return `${table}\n${kind}\n${message}`;
}

/** Whether anything in the database is there to separate tenants. */
function isolatesInDatabase({ platform, tables }: DatabaseModel): boolean {
  return platform === 'supabase' || tables.some(table => table.rowSecurity || table.policies.length > 0);
}

/** The app's own tables that hold a tenant's or a user's rows. */
function guarded({ database, tenancy }: Owned): readonly Table[] {
  const owned = new Set(
    tenancy.owners
      .filter(({ ownership }) => ownership.kind === 'tenant' || ownership.kind === 'user')
      .map(owner => owner.table),
  );
  return database.tables.filter(
    table => owned.has(table.name) && table.fromSchema !== true && !isPlatformTable(table, database),
  );
}

function faultsOf(table: Table, owned: Owned): readonly GateFault[] {
  return isLeftToPolicies(table, owned)
    ? [
        ...rowSecurityFaults(table, owned),
        ...policyFaults(table, owned),
        ...grantFaults(table, owned),
        ...indexFaults(table, owned),
      ]
    : [...foreignKeyFaults(table, owned), ...indexFaults(table, owned)];
}

/**
 * Whether policies are what is to keep the rows apart: on Supabase always; elsewhere where the table has some, where a role
 * that they bind was let at it, or where they do for most of its siblings. A table that only the app's own connection
 * reaches is the app's to isolate.
 */
function isLeftToPolicies(table: Table, owned: Owned): boolean {
  const { database } = owned;
  if (database.platform === 'supabase' || table.rowSecurity || table.policies.length > 0) return true;
  const bound = boundRoles(database);
  if (isolatesInDatabase(database) && table.grants.some(grant => bound.has(grant.role))) return true;
  const siblings = siblingsOf(table, owned);
  return siblings.length >= 2 && siblings.filter(sibling => sibling.rowSecurity).length * 3 >= siblings.length * 2;
}

function fault(table: Table, kind: GateFault['kind'], message: string, sql: readonly string[]): GateFault {
  const place = table.definedAt;
  return { table: table.name, kind, message, sql: sql.join('\n'), file: place?.file ?? '', line: place?.line ?? 0 };
}

function rowSecurityFaults(table: Table, owned: Owned): readonly GateFault[] {
  if (!table.rowSecurity)
    return [
      fault(
        table,
        'row-security',
        `Row security of '${table.name}' is off, so no policy decides who reaches its rows.`,
        [`alter table ${quoted(table.name)} enable row level security;`],
      ),
    ];
  const siblings = siblingsOf(table, owned).filter(sibling => sibling.rowSecurity);
  const isUsual =
    siblings.length >= 2 && siblings.filter(sibling => sibling.forceRowSecurity).length * 3 >= siblings.length * 2;
  if (table.forceRowSecurity || !isUsual) return [];
  return [
    fault(
      table,
      'forced-row-security',
      `The policies of '${table.name}' do not hold for its owner, as those of most of its siblings do.`,
      [`alter table ${quoted(table.name)} force row level security;`],
    ),
  ];
}

/**
 * A command that a role was granted and no policy serves. Supabase grants every command to its roles unasked, so there
 * only a table that nobody can reach at all counts: the rest is refused, and mostly meant so.
 */
function policyFaults(table: Table, owned: Owned): readonly GateFault[] {
  const roles = rolesGranted(table, owned).filter(role => boundRoles(owned.database).has(role));
  const granted = grantedCommands(table, roles).filter(command =>
    table.grants.some(grant => grant.privilege === command && roles.includes(grant.role)),
  );
  const served = granted.filter(command => table.policies.some(policy => opensFor(policy, command, roles)));
  const isTold = owned.database.platform === 'supabase' ? served.length === 0 : served.length < granted.length;
  if (granted.length === 0 || !isTold) return [];
  const open = granted.filter(command => !served.includes(command));
  const condition = ownerCondition(owned, table.name);
  const who = roles.map(role => `'${role}'`).join(' and ');
  const name = table.name.slice(table.name.lastIndexOf('.') + 1);
  const revoke = `revoke ${open.join(', ')} on ${quoted(table.name)} from ${roles.map(quoted).join(', ')};`;
  const policies =
    condition === undefined
      ? []
      : withHelpers(
          {
            name,
            up: open.map(command =>
              createPolicy({ name: `${name}_${command}_own`, table: table.name, command, roles, condition }),
            ),
            down: [],
          },
          owned,
        ).up;
  // Row security without a policy refuses everybody: then it may be meant so, and privileges are to say it.
  const isClosed = table.rowSecurity && served.length === 0;
  const either = [
    '-- Where only your server is to reach it:',
    revoke,
    '-- Where the owners of its rows are:',
    ...policies,
  ];
  const sql = policies.length === 0 ? [revoke] : isClosed ? either : policies;
  return [
    fault(table, 'policy', `'${table.name}' grants ${listed(open)} to ${who}, and no policy says on which rows.`, sql),
  ];
}

/** Privileges that most siblings do not give to the same role, unless a policy names the role for that very command. */
function grantFaults(table: Table, owned: Owned): readonly GateFault[] {
  const bound = boundRoles(owned.database);
  const siblings = siblingsOf(table, owned).filter(sibling => sibling.grants.some(grant => bound.has(grant.role)));
  if (siblings.length < 2) return [];
  const isWider = ({ role, privilege }: Grant): boolean =>
    siblings.filter(sibling => sibling.grants.some(each => each.role === role && each.privilege === privilege)).length *
      3 <
    siblings.length;
  const isMeant = ({ role, privilege }: Grant): boolean =>
    table.rowSecurity &&
    table.policies.some(
      policy => policy.roles.includes(role) && (policy.command === 'all' || policy.command === privilege),
    );
  const wider = table.grants.filter(
    grant => grant.column === undefined && bound.has(grant.role) && isWider(grant) && !isMeant(grant),
  );
  return [...new Set(wider.map(grant => grant.role))].toSorted(compareText).map(role => {
    const privileges = wider.filter(grant => grant.role === role).map(grant => grant.privilege);
    return fault(
      table,
      'grant',
      `'${table.name}' grants ${listed(privileges)} to '${role}', which most of its siblings do not.`,
      [`revoke ${privileges.join(', ')} on ${quoted(table.name)} from ${quoted(role)};`],
    );
  });
}

function indexFaults(table: Table, owned: Owned): readonly GateFault[] {
  const column = ownerHop(table, owned)?.column;
  const keys = [table.primaryKey, ...table.uniqueKeys, ...table.indexes.map(index => index.columns)];
  if (column === undefined || keys.some(columns => columns[0] === column)) return [];
  const bare = table.name.slice(table.name.lastIndexOf('.') + 1);
  return [
    fault(table, 'index', `No index of '${table.name}' begins with '${column}', which says whose row it is.`, [
      `create index ${quoted(`${bare}_${column}_idx`)} on ${quoted(table.name)} (${quoted(column)});`,
    ]),
  ];
}

function foreignKeyFaults(table: Table, owned: Owned): readonly GateFault[] {
  const hop = ownerHop(table, owned);
  const target = tableNamed(owned.database, hop?.table);
  if (hop === undefined || hop.table === table.name || target === undefined || target.fromSchema === true) return [];
  if (table.foreignKeys.some(key => key.columns.includes(hop.column)) || !isSameType(table, target, hop)) return [];
  return [
    fault(
      table,
      'foreign-key',
      `'${table.name}.${hop.column}' says whose row it is, and no foreign key makes it name a row of '${hop.table}'.`,
      [
        `alter table ${quoted(table.name)} add foreign key (${quoted(hop.column)}) references ${quoted(hop.table)} (${quoted(hop.referencedColumn)});`,
      ],
    ),
  ];
}

function isSameType(table: Table, target: Table, { column, referencedColumn }: OwnerHop): boolean {
  const typeIn = ({ columns }: Table, name: string): string | undefined =>
    columns.find(each => each.name === name)?.type;
  const isKey = target.uniqueKeys.some(key => key.length === 1 && key[0] === referencedColumn);
  return isKey && typeIn(table, column) === typeIn(target, referencedColumn);
}

/** The first step from a row to its owner; the tables of tenants and of users are their own. */
function ownerHop(table: Table, owned: Owned): OwnerHop | undefined {
  return ownershipOf(owned, table.name)?.hops[0];
}

function siblingsOf(table: Table, owned: Owned): readonly Table[] {
  return guarded(owned).filter(candidate => candidate.name !== table.name && candidate.schema === table.schema);
}
