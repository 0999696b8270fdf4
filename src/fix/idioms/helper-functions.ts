import type { Draft, OwnerContext } from '../context.ts';
import { namesCaller, quoted } from './policy.ts';

/** A function that policies ask with its owner's rights, where a sub-query of theirs would come back to itself. */
export interface HelperFunction {
  readonly name: string;
  readonly create: readonly string[];
  readonly drop: readonly string[];
}

/** Adds to statements the functions that they ask and the database does not have. */
export function withHelpers(
  statements: NonNullable<Draft['migration']>,
  context: OwnerContext,
): NonNullable<Draft['migration']> {
  const text = statements.up.join('\n');
  const missing = [tenantsOfCaller(context), tenantsRunByCaller(context), awaitsFirstMember(context)]
    .filter(helper => helper !== undefined)
    .filter(helper => text.includes(`${helper.name}(`) && !isMade(helper, context));
  return missing.length === 0
    ? statements
    : {
        ...statements,
        up: [...missing.flatMap(helper => helper.create), ...statements.up],
        down: [...statements.down, ...missing.flatMap(helper => helper.drop)],
      };
}

function isMade({ name }: HelperFunction, { database }: OwnerContext): boolean {
  return database.functions.some(each => quoted(each.name) === name.replace(/^public\./, ''));
}

/** The tenants that the caller is a member of. */
export function tenantsOfCaller(context: OwnerContext): HelperFunction | undefined {
  return tenantsWhere(context, 'of_caller', '');
}

/** The tenants that the caller administers; undefined where nobody is told from other members. */
export function tenantsRunByCaller(context: OwnerContext): HelperFunction | undefined {
  const [membership] = context.tenancy.memberships;
  if (membership?.roleColumn === undefined || membership.adminRoles.length === 0) return undefined;
  const roles = membership.adminRoles.map(role => `'${role.replaceAll("'", "''")}'`).join(', ');
  return tenantsWhere(context, 'run_by_caller', ` and ${quoted(membership.roleColumn)}::text in (${roles})`);
}

function tenantsWhere(context: OwnerContext, name: string, more: string): HelperFunction | undefined {
  const { database } = context;
  const shape = membershipShape(context);
  if (shape === undefined) return undefined;
  const { membership, type, root } = shape;
  return helper({
    name: `${bare(root.table)}_${name}`,
    parameters: '',
    returns: `setof ${type}`,
    body: `select ${quoted(membership.tenantColumn)} from ${qualified(membership.table)} where ${namesCaller(membership, database)}${more}`,
  });
}

/**
 * Whether the caller made a tenant of which nobody is a member yet. Who made it is said by a column of the tenant's row, which
 * is added where there is none: that nobody is in it says nothing, as everybody may have left.
 */
export function awaitsFirstMember(context: OwnerContext): HelperFunction | undefined {
  const shape = membershipShape(context);
  const maker = shape === undefined ? undefined : makerOf(context, shape.root.table);
  if (shape === undefined || maker === undefined) return undefined;
  const { membership, type, root } = shape;
  const made = `select from ${qualified(root.table)} t where t.${quoted(root.key)} = $1 and t.${quoted(maker.column)} = auth.uid()`;
  const function_ = helper({
    name: `${bare(root.table)}_awaits_first_member`,
    parameters: type,
    returns: 'boolean',
    body: `select exists (${made}) and not exists (select from ${qualified(membership.table)} m where m.${quoted(membership.tenantColumn)} = $1)`,
  });
  return {
    ...function_,
    create: [...maker.up, ...function_.create],
    drop: [...function_.drop, ...maker.down],
  };
}

interface Maker {
  readonly column: string;
  readonly up: readonly string[];
  readonly down: readonly string[];
}

/** The one column of a tenant's row that names a user, filled with whoever makes the row. */
function makerOf({ database, tenancy }: OwnerContext, root: string): Maker | undefined {
  const table = database.tables.find(each => each.name === root);
  const users = new Set([
    'auth.users',
    tenancy.principal?.table ?? '',
    ...tenancy.owners
      .filter(({ ownership: { kind, ...way } }) => kind === 'user' && 'path' in way && way.path.length === 1)
      .map(owner => owner.table),
  ]);
  const columns = (table?.foreignKeys ?? []).flatMap(key =>
    key.columns.length === 1 && users.has(key.table) ? key.columns : [],
  );
  const named = table?.columns.filter(column => columns.includes(column.name)) ?? [];
  const [known, ...more] = named;
  if (table === undefined || more.length > 0 || (known !== undefined && known.type !== 'uuid')) return undefined;
  const on = `alter table ${quoted(root)}`;
  if (known === undefined) {
    const column = table.columns.some(each => each.name === 'created_by') ? 'made_by' : 'created_by';
    return {
      column,
      up: [`${on} add column ${column} uuid default auth.uid();`],
      down: [`${on} drop column ${column};`],
    };
  }
  const name = quoted(known.name);
  return known.hasDefault
    ? { column: known.name, up: [], down: [] }
    : {
        column: known.name,
        up: [`${on} alter column ${name} set default auth.uid();`],
        down: [`${on} alter column ${name} drop default;`],
      };
}

/** A membership in a table of its own, by the platform's users. */
function membershipShape({ database, tenancy }: OwnerContext) {
  const { root } = tenancy;
  const [membership] = tenancy.memberships;
  const type = database.tables
    .find(table => table.name === membership?.table)
    ?.columns.find(column => column.name === membership?.tenantColumn)?.type;
  return database.platform !== 'supabase' ||
    root === undefined ||
    membership === undefined ||
    type === undefined ||
    membership.table === root.table
    ? undefined
    : { root, membership, type };
}

function helper(definition: {
  readonly name: string;
  readonly parameters: string;
  readonly returns: string;
  readonly body: string;
}): HelperFunction {
  const name = `public.${quoted(definition.name)}`;
  const signature = `${name}(${definition.parameters})`;
  return {
    name,
    create: [
      [
        `create or replace function ${signature} returns ${definition.returns}`,
        `language sql stable security definer set search_path = ''`,
        `as $function$ ${definition.body} $function$;`,
      ].join('\n'),
    ],
    // Another repair may ask it, too.
    drop: [
      `do $$ begin drop function if exists ${signature}; exception when dependent_objects_still_exist then null; end $$;`,
    ],
  };
}

function bare(table: string): string {
  return table.replace(/^.*\./, '');
}

function qualified(table: string): string {
  return table.includes('.') ? quoted(table) : `public.${quoted(table)}`;
}
