import { callsPerRow, wrapCalls } from '../../logic/condition-tree.ts';
import { steadyFunctions } from '../../model/database/steady.ts';
import type { DatabaseModel, Policy, PolicyCommand, Table } from '../../model/database/types.ts';
import type { Membership, OwnerHop } from '../../model/tenancy/types.ts';
import { leadsByAddress } from '../../model/tenancy/links.ts';
import { ownershipOf } from './ownership.ts';
import type { RowOwnership } from './ownership.ts';
import type { OwnerContext } from '../context.ts';
import { tenantsOfCaller } from './helper-functions.ts';
import { membershipTables } from '../../model/tenancy/memberships.ts';

/** A SQL name, perhaps with its schema, quoted where Postgres needs it. */
export function quoted(name: string): string {
  return name.split('.').map(quotedName).join('.');
}

/** The name of a policy, or another in no schema of its own: it may hold dots. */
export function quotedName(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !reserved.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** Words that are no names unless they are quoted. https://www.postgresql.org/docs/18/sql-keywords-appendix.html */
const reserved = new Set(
  `all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation column concurrently constraint create cross current_catalog current_date current_role current_schema current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references returning right select session_user similar some symmetric system_user table tablesample then to trailing true union unique user using variadic verbose when where window with`.split(
    /\s+/,
  ),
);

/** How a condition is to be written. */
export interface ConditionOptions {
  /** Policies, as `table.name`, that are at fault: their texts show nothing. */
  readonly avoid?: ReadonlySet<string>;
  /** How the row is called where the condition stands, if not by its columns alone. */
  readonly row?: string;
}

/**
 * The condition by which a row of `table` belongs to the caller, as this database's own policies say it; when none
 * does, as the platform documents it.
 */
export function ownerCondition(
  context: OwnerContext,
  table: string,
  options: ConditionOptions = {},
): string | undefined {
  return ownerConditions(context, table, options)[0];
}

/** All ways to say it, the most usual here first: another may hold where one keeps somebody out. */
export function ownerConditions(
  context: OwnerContext,
  table: string,
  options: ConditionOptions = {},
): readonly string[] {
  const ownership = policyOwnership(context, table);
  if (ownership === undefined) return [];
  const last = ownership.hops.at(-1) ?? ownership.hops[0];
  const holder = ownership.hops.at(-2)?.table ?? table;
  const row = holder === table ? options.row : undefined;
  const ends = [
    ...siblingConditions(context, { table: holder, column: last.column, row }, ownership, options.avoid ?? new Set()),
    ...documented(context, { table: holder, column: last.column, row }, ownership),
  ];
  const isSteady = steadyFunctions(context.database);
  return [...new Set(ends)]
    .map(end => throughHops(ownership.hops.slice(0, -1), end, options.row))
    .map(condition => wrapCalls(condition, callsPerRow(condition, isSteady)));
}

interface PolicyOwnership extends RowOwnership {
  /** The last hop's column holds the user's address, which the session says, and not his key. */
  readonly byAddress: boolean;
}

/** Nobody may read the platform's table of users: an address is compared with the one that the session says. */
function policyOwnership(context: OwnerContext, table: string): PolicyOwnership | undefined {
  const ownership = ownershipOf(context, table);
  if (ownership === undefined) return undefined;
  const [first, ...rest] = ownership.hops.slice(0, -1);
  const last = rest.at(-1) ?? first;
  const byAddress = last !== undefined && leadsByAddress(last, context.tenancy);
  return byAddress && first !== undefined
    ? { ...ownership, hops: [first, ...rest], byAddress }
    : { ...ownership, byAddress: false };
}

function throughHops(hops: readonly OwnerHop[], end: string, row: string | undefined): string {
  const [hop, ...rest] = hops;
  if (hop === undefined) return end;
  const inner = throughHops(rest, end, undefined);
  const column = row === undefined ? quoted(hop.column) : `${quoted(row)}.${quoted(hop.column)}`;
  return `${column} in (select ${quoted(hop.referencedColumn)} from ${quoted(hop.table)} where ${inner})`;
}

/** The column in which a condition looks for the owner, of a row that may have a name. */
interface OwnerColumn {
  readonly table: string;
  readonly column: string;
  readonly row: string | undefined;
}

const mostSiblings = 2;

function siblingConditions(
  context: OwnerContext,
  owner: OwnerColumn,
  ownership: PolicyOwnership,
  avoid: ReadonlySet<string>,
): readonly string[] {
  const { table } = owner;
  const { root, memberships } = context.tenancy;
  // Where the tenant's row lists its people, it is not looked for by its key.
  if (table === root?.table && memberships[0]?.lists !== undefined) return [];
  const counts = new Map<string, number>();
  for (const other of context.database.tables) {
    const otherOwnership = policyOwnership(context, other.name);
    if (
      otherOwnership === undefined ||
      otherOwnership.hops.length !== 1 ||
      otherOwnership.wanted !== ownership.wanted ||
      otherOwnership.byAddress !== ownership.byAddress
    )
      continue;
    if (membershipTables(context.tenancy).some(each => each.table === other.name) && other.name !== table) continue;
    for (const policy of other.policies) {
      if (!policy.permissive || avoid.has(`${other.name}.${policy.name}`)) continue;
      for (const text of [policy.using, policy.check]) {
        const plain = text === undefined ? undefined : templateOf(text, other.name, otherOwnership.hops[0].column);
        if (plain !== undefined && !readsTable(plain, table)) counts.set(plain, (counts.get(plain) ?? 0) + 1);
      }
    }
  }
  return [...counts]
    .sort(
      (left, right) =>
        Number(namesRole(left[0])) - Number(namesRole(right[0])) ||
        right[1] - left[1] ||
        left[0].length - right[0].length,
    )
    .slice(0, mostSiblings)
    .map(([text]) => text.replaceAll('\u0000', columnIn(text, owner)));
}

/** What `is_owner(team_id, 'admin')` lets through is not all that belongs to the tenant. */
function namesRole(template: string): boolean {
  return /'[^']*'::(?!text\b)/.test(template) || /\brole\w*\b[^=]*=\s*(?:any|')/i.test(template);
}

/** In a sub-query a bare name would mean a column of the table that is read there. */
function columnIn(template: string, { table, column, row }: OwnerColumn): string {
  const name = row ?? (/\bselect\b/i.test(template) ? table.replace(/^.*\./, '') : undefined);
  return name === undefined ? quoted(column) : `${quoted(name)}.${quoted(column)}`;
}

/** A policy that reads its own table never ends, and there the row's own columns have no other name. */
function readsTable(template: string, table: string): boolean {
  const name = table.replace(/^.*\./, '').replaceAll(/\W/g, '\\$&');
  return new RegExp(`\\b(?:from|join)\\s+\\(*(?:"?\\w+"?\\.)?"?${name}"?(?!\\w)`, 'i').test(template);
}

/** `from me() m(id, company_id)`: Postgres prints the columns of whole rows, and they are called so without it. */
const columnsOfRows = /(\bfrom\s+(?:"?\w+"?\.)*"?\w+"?\([^()]*\)\s+(?:as\s+)?"?\w+"?)\((?:[^(),]+,)+[^(),]+\)/gi;

// A policy's text with its own column as a hole; only texts that compare it with something of the caller's count.
function templateOf(text: string, table: string, column: string): string | undefined {
  if (!/auth\.(?:uid|jwt)\(|current_setting\(|\b\w+\([^)]*\)/.test(text)) return undefined;
  if (/\bor\b|<>|!=|user_metadata/i.test(text)) return undefined;
  const bare = table.replace(/^.*\./, '');
  const qualified = new RegExp(`(?<![\\w."])"?${bare}"?\\."?${column}"?(?![\\w"])`, 'g');
  const plain = new RegExp(`(?<![\\w."])"?${column}"?(?![\\w"(])`, 'g');
  const opened = text.replace(columnsOfRows, '$1').replace(qualified, '\u0000').replace(plain, '\u0000');
  if (!opened.includes('\u0000')) return undefined;
  // Conditions on further columns of that table belong to that table.
  if (/\band\b/i.test(opened) && !/select/i.test(opened)) return undefined;
  return opened
    .replace(/::text(?=[,)])/g, '')
    .replace(/^\((.*)\)$/s, (whole, inner: string) => (balanced(inner) ? inner : whole));
}

function balanced(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}

function documented(context: OwnerContext, owner: OwnerColumn, ownership: PolicyOwnership): readonly string[] {
  const { database, tenancy } = context;
  const { table } = owner;
  const column = owner.row === undefined ? quoted(owner.column) : `${quoted(owner.row)}.${quoted(owner.column)}`;
  const membership = tenancy.memberships[0];
  if (database.platform === 'supabase') {
    if (ownership.byAddress) return [`${column} = (select auth.jwt() ->> 'email')`];
    // Only a claim says the tenant, and which one the policies of other tables know.
    if (ownership.wanted === 'tenant' && tenancy.keptElsewhere?.tenants !== undefined && membership === undefined)
      return [];
    if (ownership.wanted === 'user' || membership === undefined) return [`${column} = (select auth.uid())`];
    // The row of the tenant says itself who belongs to it; a policy that read its table again would never end.
    if (membership.table === table && table === tenancy.root?.table) return [namesCaller(membership, database)];
    const plain = `${column} in (select ${quoted(membership.tenantColumn)} from ${quoted(membership.table)} where ${namesCaller(membership, database)})`;
    const helper = tenantsOfCaller(context);
    const asked = helper === undefined ? [] : [`${column} = any (array(select ${helper.name}()))`];
    return membership.table === table && asked.length > 0 ? asked : [plain, ...asked];
  }
  return [
    ownership.wanted === 'user'
      ? `${column}::text = current_setting('app.user_id', true)`
      : `${column}::text = current_setting('app.tenant_id', true)`,
  ];
}

/** The condition that a row of a membership is about the caller, or that its list holds him. */
export function namesCaller(membership: Membership, { tables }: DatabaseModel): string {
  const column = quoted(membership.userColumn);
  if (membership.lists === undefined) return `${column} = (select auth.uid())`;
  const type = tables
    .find(table => table.name === membership.table)
    ?.columns.find(({ name }) => name === membership.userColumn)?.type;
  const key = type === 'uuid[]' ? 'auth.uid()' : 'auth.uid()::text';
  const caller = membership.lists === 'keys' ? `(select ${key})` : `(select auth.jwt() ->> 'email')`;
  return type?.endsWith('[]') === true ? `${caller} = any (${column})` : `${column}::jsonb @> to_jsonb(${caller})`;
}

/** The roles that requests run under on a table: those that were granted something and do not own it. */
export function rolesGranted(table: Table, context: OwnerContext): readonly string[] {
  const privileged = new Set(
    context.database.roles.filter(role => role.superuser || role.bypassRowSecurity).map(role => role.name),
  );
  const roles = new Set(
    table.grants
      .map(grant => grant.role)
      .filter(role => role !== table.owner && !privileged.has(role) && role !== 'public'),
  );
  roles.delete('anon');
  if (roles.size === 0 && context.database.platform === 'supabase') roles.add('authenticated');
  return [...roles].sort();
}

/** The commands that requests may run on a table. */
export function grantedCommands(table: Table, roles: readonly string[]): readonly Exclude<PolicyCommand, 'all'>[] {
  const commands = (['select', 'insert', 'update', 'delete'] as const).filter(command =>
    table.grants.some(grant => grant.privilege === command && roles.includes(grant.role)),
  );
  return commands.length === 0 ? ['select', 'insert', 'update', 'delete'] : commands;
}

/** `create policy …` for one command. */
export function createPolicy(policy: {
  readonly name: string;
  readonly table: string;
  readonly command: Exclude<PolicyCommand, 'all'>;
  readonly roles: readonly string[];
  readonly condition: string;
}): string {
  const to = policy.roles.length === 0 ? '' : ` to ${policy.roles.map(quoted).join(', ')}`;
  const using = policy.command === 'insert' ? '' : `\n  using (${policy.condition})`;
  const check =
    policy.command === 'insert' || policy.command === 'update' ? `\n  with check (${policy.condition})` : '';
  return `create policy ${quotedName(policy.name)} on ${quoted(policy.table)} for ${policy.command}${to}${using}${check};`;
}

/** The statement that makes a policy as it was. */
export function recreatePolicy(policy: Policy): string {
  const to =
    policy.roles.length === 0 || policy.roles.includes('public') ? '' : ` to ${policy.roles.map(quoted).join(', ')}`;
  const using = policy.using === undefined ? '' : `\n  using (${policy.using})`;
  const check = policy.check === undefined ? '' : `\n  with check (${policy.check})`;
  return `create policy ${quotedName(policy.name)} on ${quoted(policy.table)} as ${policy.permissive ? 'permissive' : 'restrictive'} for ${policy.command}${to}${using}${check};`;
}
