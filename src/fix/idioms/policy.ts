import type { DatabaseModel, Policy, PolicyCommand, Table } from '../../model/database/types.ts';
import type { Membership } from '../../model/tenancy/types.ts';
import { ownershipOf } from './ownership.ts';
import type { RowOwnership } from './ownership.ts';
import type { OwnerContext } from '../context.ts';
import { membershipTables } from '../../model/tenancy/memberships.ts';

/** A SQL name, quoted where Postgres needs it. */
export function quoted(name: string): string {
  return name
    .split('.')
    .map(part => (/^[a-z_][a-z0-9_]*$/.test(part) && !reserved.has(part) ? part : `"${part.replaceAll('"', '""')}"`))
    .join('.');
}

const reserved = new Set([
  'user',
  'order',
  'group',
  'table',
  'column',
  'select',
  'default',
  'check',
  'grant',
  'all',
  'analyse',
  'analyze',
  'end',
  'limit',
  'offset',
  'references',
  'to',
  'union',
  'when',
  'where',
  'window',
  'with',
]);

/**
 * The condition by which a row of `table` belongs to the caller, as this database's own policies say it; when none
 * does, as the platform documents it.
 */
export function ownerCondition(
  context: OwnerContext,
  table: string,
  avoid: ReadonlySet<string> = new Set(),
): string | undefined {
  const ownership = ownershipOf(context, table);
  return ownership === undefined ? undefined : conditionOver(context, table, ownership.hops, ownership, avoid);
}

function conditionOver(
  context: OwnerContext,
  table: string,
  hops: RowOwnership['hops'],
  ownership: RowOwnership,
  avoid: ReadonlySet<string>,
): string {
  const [hop, ...rest] = hops;
  const [next] = rest;
  if (next === undefined) return template(context, table, hop.column, ownership, avoid);
  const inner = conditionOver(context, hop.table, [next, ...rest.slice(1)], ownership, avoid);
  return `${quoted(hop.column)} in (select ${quoted(hop.referencedColumn)} from ${quoted(hop.table)} where ${inner})`;
}

function template(
  context: OwnerContext,
  table: string,
  column: string,
  ownership: RowOwnership,
  avoid: ReadonlySet<string>,
): string {
  const { root, memberships } = context.tenancy;
  // Where the tenant's row lists its people, it is not looked for by its key.
  if (table === root?.table && memberships[0]?.lists !== undefined)
    return documented(context, table, column, ownership);
  const counts = new Map<string, number>();
  for (const other of context.database.tables) {
    const otherOwnership = ownershipOf(context, other.name);
    if (otherOwnership === undefined || otherOwnership.hops.length !== 1 || otherOwnership.wanted !== ownership.wanted)
      continue;
    if (membershipTables(context.tenancy).some(each => each.table === other.name) && other.name !== table) continue;
    for (const policy of other.policies) {
      if (!policy.permissive || avoid.has(`${other.name}.${policy.name}`)) continue;
      for (const text of [policy.using, policy.check]) {
        const plain =
          text === undefined ? undefined : templateOf(text, other.name, otherOwnership.hops[0].column, table);
        if (plain !== undefined) counts.set(plain, (counts.get(plain) ?? 0) + 1);
      }
    }
  }
  const best = [...counts].sort((left, right) => right[1] - left[1] || left[0].length - right[0].length)[0];
  if (best !== undefined) return best[0].replaceAll('\u0000', quoted(column));
  return documented(context, table, column, ownership);
}

// A policy's text with its own column as a hole; only texts that compare it with something of the caller's count.
function templateOf(text: string, table: string, column: string, target: string): string | undefined {
  if (!/auth\.(?:uid|jwt)\(|current_setting\(|\b\w+\([^)]*\)/.test(text)) return undefined;
  if (/\bor\b|<>|!=|user_metadata/i.test(text)) return undefined;
  const bare = table.replace(/^.*\./, '');
  const qualified = new RegExp(`(?<![\\w."])"?${bare}"?\\."?${column}"?(?![\\w"])`, 'g');
  const plain = new RegExp(`(?<![\\w."])"?${column}"?(?![\\w"(])`, 'g');
  const opened = text.replace(qualified, '\u0000').replace(plain, '\u0000');
  if (!opened.includes('\u0000')) return undefined;
  // Conditions on further columns of that table belong to that table.
  if (/\band\b/i.test(opened) && !/select/i.test(opened)) return undefined;
  void target;
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

function documented(
  { database, tenancy }: OwnerContext,
  table: string,
  column: string,
  ownership: RowOwnership,
): string {
  const membership = tenancy.memberships[0];
  if (database.platform === 'supabase') {
    if (ownership.wanted === 'user' || membership === undefined) return `${quoted(column)} = (select auth.uid())`;
    // The row of the tenant says itself who belongs to it; a policy that read its table again would never end.
    if (membership.table === table && table === tenancy.root?.table) return namesCaller(membership, database);
    return `${quoted(column)} in (select ${quoted(membership.tenantColumn)} from ${quoted(membership.table)} where ${namesCaller(membership, database)})`;
  }
  return ownership.wanted === 'user'
    ? `${quoted(column)}::text = current_setting('app.user_id', true)`
    : `${quoted(column)}::text = current_setting('app.tenant_id', true)`;
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
  return `create policy ${quoted(policy.name)} on ${quoted(policy.table)} for ${policy.command}${to}${using}${check};`;
}

/** The statement that makes a policy as it was. */
export function recreatePolicy(policy: Policy): string {
  const to =
    policy.roles.length === 0 || policy.roles.includes('public') ? '' : ` to ${policy.roles.map(quoted).join(', ')}`;
  const using = policy.using === undefined ? '' : `\n  using (${policy.using})`;
  const check = policy.check === undefined ? '' : `\n  with check (${policy.check})`;
  return `create policy ${quoted(policy.name)} on ${quoted(policy.table)} as ${policy.permissive ? 'permissive' : 'restrictive'} for ${policy.command}${to}${using}${check};`;
}
