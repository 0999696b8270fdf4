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
  /** Told when it has run without an error. */
  readonly passed?: () => void;
}

/** Makes the setter of a scope. `undefined` for work as admin, which has a pool of its own, and for ids that are no texts. */
export type SetterOf = (scope: Scope) => Setter | undefined;

/** How setters are made. */
export interface SetterOptions {
  readonly settings: SettingNames;
  readonly membership: Membership;
  /** Whether who is no member ends the trip; otherwise it is only told. */
  readonly strict: boolean;
  /** For how long one scope goes on with a membership that was found. */
  readonly recheckMs: number;
}

/**
 * The setters of one guard. `strict` setters end in an error for who is no member, so that nothing of what follows under
 * the same Sync runs: Postgres treats everything up to a Sync as one transaction and skips what follows an error.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-EXT-QUERY
 */
export function setters(options: SetterOptions): SetterOf {
  const tenant = literal(options.settings.tenant);
  const user = literal(options.settings.user);
  const texts = {
    tenant: ofMember(tenant, user, options.membership, options.strict),
    found: `select set_config(${user}, $1, true), set_config(${tenant}, $2, true)`,
    user: `select set_config(${user}, $1, true), set_config(${tenant}, '', true)`,
    system: `select set_config(${tenant}, $1, true), set_config(${user}, '', true)`,
  };
  const make = (scope: Scope): Setters => {
    switch (scope.mode) {
      case 'tenant': {
        const { user: id, tenant: of } = scope;
        const passed = (): void => void (made.foundAtMs = performance.now());
        const made: Setters = {
          setter: { name: 'drydock_tenant', text: texts.tenant, values: [id, id, of], passed },
          found: { name: 'drydock_found', text: texts.found, values: [id, of] },
          foundAtMs: -Infinity,
        };
        return made;
      }
      case 'user':
        return { setter: { name: 'drydock_user', text: texts.user, values: [scope.user] } };
      case 'system':
        return { setter: { name: 'drydock_system', text: texts.system, values: [scope.tenant] } };
      default: // As admin, and what plain JavaScript may give.
        return {};
    }
  };
  const known = new WeakMap<Scope, Setters>();
  return scope => {
    let own = known.get(scope);
    if (own === undefined) {
      own = make(scope);
      if (own.setter === undefined || !own.setter.values.every(isText)) return undefined;
      known.set(scope, own);
    }
    const isFresh = own.foundAtMs !== undefined && performance.now() - own.foundAtMs < options.recheckMs;
    return isFresh ? own.found : own.setter;
  };
}

/** The setters of one scope: the one that looks the membership up, and the one for as long as that holds. */
interface Setters {
  readonly setter?: Setter;
  readonly found?: Setter;
  foundAtMs?: number;
}

/** Plain JavaScript gives numbers too; a zero byte is in no value of Postgres, and would end a text of the simple protocol. */
function isText(value: unknown): boolean {
  return typeof value === 'string' && !value.includes('\0');
}

/**
 * Sets the user first, because the policies of the membership table may ask for it, then the tenant from the member's own
 * row; `case` is what makes Postgres keep to that order. A user without a row divides by zero where that is to end the
 * trip, and is told by a length of nothing where it is only watched.
 * https://www.postgresql.org/docs/current/sql-expressions.html#SYNTAX-EXPRESS-EVAL
 */
function ofMember(tenant: string, user: string, membership: Membership, strict: boolean): string {
  const asText = strict ? '' : '::text'; // Who only watches must not fail on an id of another type.
  return `select case when set_config(${user}, $1, true) is not null then
  ${strict ? '1 / ' : ''}length(set_config(${tenant}, coalesce((
    select m.${quoted(membership.tenant)}::text
    from ${quotedName(membership.table)} as m
    where m.${quoted(membership.user)}${asText} = $2
      and m.${quoted(membership.tenant)}${asText} = $3${membership.where === undefined ? '' : `\n      and (${membership.where})`}
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

/** The name of a table, with its schema if it has one, as SQL. */
export function quotedName(table: string): string {
  return table.split('.').map(quoted).join('.');
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
