import { GuardError } from '../errors.ts';
import type { Scope } from '../scope.ts';
import type { SettingNames } from './statements.ts';

/** Where the app keeps who belongs to which tenant. */
export interface Membership {
  /** The table, with its schema where that is not on the search path. */
  readonly table: string;
  /** The column that names the user. */
  readonly user: string;
  /** The column that names the tenant. */
  readonly tenant: string;
  /** A further condition in SQL on the row, called `m`: `m.status = 'active'`. Written by the developer, never from a request. */
  readonly where?: string;
}

/** The statement that says who is asking; it travels in front of each statement of the app. */
export interface Setter {
  readonly name: string;
  readonly text: string;
  readonly values: readonly string[];
}

/** Makes the setter of a scope. `undefined` for work as admin, which has a pool of its own. */
export type SetterOf = (scope: Scope) => Setter | undefined;

/**
 * The setters of one guard. `strict` setters end in an error for who is no member, so that nothing of what follows under
 * the same Sync runs: Postgres treats everything up to a Sync as one transaction and skips what follows an error.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
export function setters(settings: SettingNames, membership: Membership, strict: boolean): SetterOf {
  const tenant = literal(settings.tenant);
  const user = literal(settings.user);
  const texts = {
    tenant: ofMember(tenant, user, membership, strict),
    user: `select set_config(${user}, $1, true), set_config(${tenant}, '', true)`,
    system: `select set_config(${tenant}, $1, true), set_config(${user}, '', true)`,
  };
  const known = new WeakMap<Scope, Setter>();
  const make: SetterOf = scope => {
    switch (scope.mode) {
      case 'tenant':
        return { name: 'drydock_tenant', text: texts.tenant, values: [scope.user, scope.user, scope.tenant] };
      case 'user':
        return { name: 'drydock_user', text: texts.user, values: [scope.user] };
      case 'system':
        return { name: 'drydock_system', text: texts.system, values: [scope.tenant] };
      case 'admin':
        return undefined;
    }
  };
  return scope => {
    const setter = known.get(scope) ?? make(scope);
    if (setter !== undefined) known.set(scope, setter);
    return setter;
  };
}

/**
 * Sets the user first, because the policies of the membership table may ask for it, then the tenant from the member's own
 * row; `case` is what makes Postgres keep to that order. A user without a row divides by zero where that is to end the
 * trip, and is told by a length of nothing where it is only watched.
 * https://www.postgresql.org/docs/current/sql-expressions.html#SYNTAX-EXPRESS-EVAL
 */
function ofMember(tenant: string, user: string, membership: Membership, strict: boolean): string {
  return `select case when set_config(${user}, $1, true) is not null then
  ${strict ? '1 / ' : ''}length(set_config(${tenant}, coalesce((
    select m.${quoted(membership.tenant)}::text
    from ${membership.table.split('.').map(quoted).join('.')} as m
    where m.${quoted(membership.user)} = $2
      and m.${quoted(membership.tenant)} = $3${membership.where === undefined ? '' : `\n      and (${membership.where})`}
    limit 1
  ), ''), true))
end`;
}

/** The setter as text with its values in it, for the simple protocol, which has no parameters. */
export function inlined(setter: Setter): string {
  return setter.text.replaceAll(/\$(\d)/g, (_, index: string) => literal(setter.values[Number(index) - 1] ?? ''));
}

/** What a failure of the setter means. Anything that is not about the scope stays the database's own error. */
export function setterFailure(error: Error & { readonly code?: string }, membership: Membership): Error {
  switch (error.code) {
    case '22012':
      return new GuardError('not-a-member', 'The user is no member of the tenant.');
    case '22P02':
    case '22003':
    case '22007':
    case '22008':
      return new GuardError(
        'bad-id',
        `The user or tenant of the scope is no value of the type that '${membership.table}' keeps.`,
      );
    case '42501':
    case '42P01':
    case '42703':
      return new GuardError(
        'unsafe-connection',
        `The guard cannot read '${membership.table}.${membership.user}' and '${membership.tenant}': ${error.message}. Grant select on it to the app's role, or correct \`membership\`.`,
      );
    default:
      return error;
  }
}

function literal(text: string): string {
  const escaped = text.replaceAll("'", "''");
  return escaped.includes('\\') ? ` E'${escaped.replaceAll('\\', '\\\\')}'` : `'${escaped}'`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
