import { quoteLiteral } from '../../../core/quote.ts';
import type { Policy, PolicyCommand, SourcePlace } from '../../database/types.ts';
import { nativeValue, type Call, type Handler, type NativeValue } from '../machine.ts';
import type { SqlText } from './queries.ts';
import type { Value } from '../value.ts';

/**
 * Policies that a schema of Drizzle declares: `pgPolicy` beside the columns, and what the packages for Supabase and Neon
 * add to it. https://orm.drizzle.team/docs/rls
 */

/** A policy as the code declares it, its conditions not read yet. */
export interface DeclaredPolicy {
  readonly name: string;
  readonly permissive: boolean;
  readonly command: PolicyCommand;
  readonly to: Value | undefined;
  readonly using: Value | undefined;
  readonly check: Value | undefined;
  readonly place: SourcePlace;
}

interface PolicyNative extends NativeValue {
  readonly policy: DeclaredPolicy;
}

interface RoleNative extends NativeValue {
  readonly role: string;
}

const commands: ReadonlySet<string> = new Set(['all', 'select', 'insert', 'update', 'delete']);

function isCommand(text: string | undefined): text is PolicyCommand {
  return text !== undefined && commands.has(text);
}

const pgPolicy: Handler = call => {
  const [name, options] = call.arguments;
  const fields = options?.kind === 'object' ? options.fields : new Map<string, Value>();
  const command = textOf(fields.get('for'));
  return policyValue({
    name: textOf(name) ?? 'policy',
    permissive: textOf(fields.get('as')) !== 'restrictive',
    command: isCommand(command) ? command : 'all',
    to: fields.get('to'),
    using: fields.get('using'),
    check: fields.get('withCheck'),
    place: placeOf(call),
  });
};

/** `crudPolicy({ role, read, modify })` of Neon's package: a policy for each command. */
const crudPolicy: Handler = call => {
  const [options] = call.arguments;
  const fields = options?.kind === 'object' ? options.fields : new Map<string, Value>();
  const [read, modify] = [fields.get('read'), fields.get('modify')];
  const make = (command: PolicyCommand, using: Value | undefined, check: Value | undefined): Value =>
    policyValue({
      name: `crud-policy-${command}`,
      permissive: true,
      command,
      to: fields.get('role'),
      using,
      check,
      place: placeOf(call),
    });
  const items = [
    ...(read === undefined || isNothing(read) ? [] : [make('select', read, undefined)]),
    ...(modify === undefined || isNothing(modify)
      ? []
      : [make('insert', undefined, modify), make('update', modify, modify), make('delete', modify, undefined)]),
  ];
  return { kind: 'array', items };
};

function isNothing(value: Value): boolean {
  return value.kind === 'constant' && value.value === null;
}

function placeOf(call: Call): SourcePlace {
  return call.machine.place(call.frame, call.at);
}

function policyValue(policy: DeclaredPolicy): Value {
  const native: PolicyNative = {
    name: 'policy',
    key: `policy ${policy.name} ${policy.command}`,
    policy,
    method: () => nativeValue(native),
  };
  return nativeValue(native);
}

const pgRole: Handler = ({ arguments: [name] }) => {
  const native: RoleNative = {
    name: 'role',
    key: `role ${textOf(name) ?? ''}`,
    role: textOf(name) ?? '',
    method: () => nativeValue(native),
  };
  return nativeValue(native);
};

/** The policies among the values of a table's extra configuration. */
export function declaredPolicies(values: readonly Value[]): readonly DeclaredPolicy[] {
  return values.flatMap(value =>
    value.kind === 'array'
      ? declaredPolicies(value.items)
      : value.kind === 'native' && 'policy' in value.native
        ? [(value.native as PolicyNative).policy]
        : [],
  );
}

/**
 * The policy in the terms of the catalog. A condition that cannot be read becomes one that Postgres refuses, so that its
 * table counts as untold and not as closed.
 */
export function policyOf(
  declared: DeclaredPolicy,
  table: string,
  sqlOf: (value: Value) => SqlText | undefined,
): Policy {
  const [using, check] = [declared.using, declared.check].map(value => conditionOf(value, sqlOf));
  const roles = rolesOf(declared.to);
  return {
    name: declared.name,
    table,
    command: declared.command,
    permissive: declared.permissive,
    roles: roles.length === 0 ? ['public'] : roles,
    ...(using === undefined ? {} : { using }),
    ...(check === undefined ? {} : { check }),
    definedAt: declared.place,
  };
}

/** What stands for a condition that only running the code would tell. */
export const unreadable = 'drydock_unreadable()';

function conditionOf(value: Value | undefined, sqlOf: (value: Value) => SqlText | undefined): string | undefined {
  if (value === undefined || (value.kind === 'constant' && (value.value === undefined || value.value === null)))
    return undefined;
  if (value.kind === 'constant' && typeof value.value === 'boolean') return String(value.value);
  const sql = sqlOf(value);
  if (sql === undefined || sql.text.includes('/* condition */')) return unreadable;
  let isReadable = true;
  const text = sql.text
    .replaceAll(/"table:([^"]+)"/g, (_, name: string) =>
      name
        .split('.')
        .map(part => `"${part}"`)
        .join('.'),
    )
    .replaceAll(/\$(\d+)/g, (_, digits: string) => {
      const literal = literalOf(sql.values[Number(digits) - 1]);
      isReadable &&= literal !== undefined;
      return literal ?? '';
    });
  return isReadable ? text : unreadable;
}

function literalOf(value: Value | undefined): string | undefined {
  if (value?.kind === 'constant')
    return typeof value.value === 'string'
      ? quoteLiteral(value.value)
      : value.value === undefined
        ? undefined
        : String(value.value);
  return value?.kind === 'external' && value.path === 'authUid' ? '(select auth.uid())' : undefined;
}

/** Roles that the packages for Supabase and Neon name. */
const knownRoles: Readonly<Record<string, string>> = {
  anonRole: 'anon',
  anonymousRole: 'anonymous',
  authenticatedRole: 'authenticated',
  serviceRole: 'service_role',
  postgresRole: 'postgres',
  supabaseAuthAdminRole: 'supabase_auth_admin',
};

function rolesOf(value: Value | undefined): readonly string[] {
  if (value === undefined) return [];
  if (value.kind === 'array') return value.items.flatMap(item => rolesOf(item));
  if (value.kind === 'native' && 'role' in value.native) return [(value.native as RoleNative).role];
  if (value.kind === 'external') return [knownRoles[value.path] ?? value.path].filter(role => role !== '');
  const name = textOf(value);
  return name === undefined ? [] : [name === 'current_user' ? 'public' : name];
}

function textOf(value: Value | undefined): string | undefined {
  return value?.kind === 'constant' && typeof value.value === 'string' ? value.value : undefined;
}

/** `pgPolicy`, `pgRole`, `crudPolicy`. */
export const drizzlePolicyHandlers: Readonly<Record<string, Handler>> = {
  'drizzle-orm/pg-core#pgPolicy': pgPolicy,
  'drizzle-orm/pg-core#pgRole': pgRole,
  'drizzle-orm/neon#crudPolicy': crudPolicy,
};
