import { conditionsOf, membershipConditions } from './conditions.ts';
import type { Conditions } from './conditions.ts';
import { bareName, quoteName, quoteQualified, shortened } from './names.ts';
import type { Command, RowSecurity, Settled, TableRule } from './options.ts';
import type { Step } from './roles.ts';

interface Table {
  readonly name: string;
  readonly commands: readonly Command[];
  readonly conditions: Conditions | undefined;
  readonly auth: boolean;
  readonly before: RowSecurity;
}

const all: readonly Command[] = ['select', 'insert', 'update', 'delete'];

/** What each kind of table allows where nothing is said. Tenants and users come and go by the auth library, or as admin. */
const usual: Readonly<Record<TableRule['kind'], readonly Command[]>> = {
  tenant: all,
  child: all,
  user: all,
  tenants: ['select', 'update'],
  users: ['select', 'update'],
  reference: ['select'],
  auth: [],
};

/** Grants, row security and policies of every table. */
export function tableSteps(plan: Settled): readonly Step[] {
  const { membership } = plan;
  const tables = [
    {
      name: membership.table,
      commands: membership.commands ?? all,
      conditions: membershipConditions(plan),
      auth: membership.auth === true,
      before: membership.rowSecurity ?? 'off',
    },
    ...plan.tables.map(rule => ({
      name: rule.table,
      commands: rule.commands ?? usual[rule.kind],
      conditions: conditionsOf(rule, plan),
      auth: rule.kind === 'auth' || rule.auth === true,
      before: rule.rowSecurity ?? 'off',
    })),
  ];
  return tables.flatMap(table => [
    ...owning(table, plan),
    ...granting(table, plan),
    ...(table.conditions === undefined ? [] : securing(table, table.conditions, plan)),
  ]);
}

function owning({ name }: Table, { roles }: Settled): readonly Step[] {
  if (roles.owner === undefined) return [];
  return [{ up: `alter table ${quoteQualified(name)} owner to ${quoteName(roles.owner)};` }];
}

/** What the role had before is taken first: the list of commands is what it may do, not what it may do besides. */
function granting(table: Table, { roles }: Settled): readonly Step[] {
  const name = quoteQualified(table.name);
  const grant = (role: string, commands: readonly Command[]): Step => ({
    up: `grant ${commands.join(', ')} on ${name} to ${quoteName(role)};`,
    down: `revoke all on ${name} from ${quoteName(role)};`,
  });
  return [
    { up: `revoke all on ${name} from public, ${quoteName(roles.app)};` },
    ...(table.commands.length === 0 ? [] : [grant(roles.app, table.commands)]),
    grant(roles.admin, all),
    ...(table.auth ? [grant(roles.auth, all)] : []),
  ];
}

function securing(table: Table, conditions: Conditions, plan: Settled): readonly Step[] {
  const name = quoteQualified(table.name);
  const { app, admin, auth } = plan.roles;
  const open: Conditions = { read: 'true', write: 'true' };
  return [
    {
      up: `alter table ${name} enable row level security;`,
      ...(table.before === 'off' ? { down: `alter table ${name} disable row level security;` } : {}),
    },
    {
      up: `alter table ${name} force row level security;`,
      ...(table.before === 'forced' ? {} : { down: `alter table ${name} no force row level security;` }),
    },
    ...permissive(table, app, conditions),
    ...restrictive(table, app, conditions),
    ...(plan.admin === 'policies' ? permissive({ ...table, commands: all }, admin, open) : []),
    ...(plan.admin === 'policies' && table.auth ? permissive({ ...table, commands: all }, auth, open) : []),
  ];
}

/** One policy where reading and writing ask the same, else one for each command that the role has. */
function permissive(table: Table, role: string, { read, write }: Conditions): readonly Step[] {
  if (read === write)
    return policy(
      table.name,
      `guard_${role}`,
      `for all\n  to ${quoteName(role)}\n  using (${read})\n  with check (${write})`,
    );
  const clauses: Readonly<Record<Command, string>> = {
    select: `using (${read})`,
    insert: `with check (${write})`,
    update: `using (${write})\n  with check (${write})`,
    delete: `using (${write})`,
  };
  return table.commands.flatMap(command =>
    policy(table.name, `guard_${role}_${command}`, `for ${command}\n  to ${quoteName(role)}\n  ${clauses[command]}`),
  );
}

/**
 * Policies that open are joined by OR, so that one more, written in a hurry, would open the table; one that restricts holds
 * whatever others allow. https://www.postgresql.org/docs/current/sql-createpolicy.html
 */
function restrictive(table: Table, role: string, { read, write }: Conditions): readonly Step[] {
  return policy(
    table.name,
    `guard_${role}_only`,
    `as restrictive\n  for all\n  to ${quoteName(role)}\n  using (${read})\n  with check (${write})`,
  );
}

function policy(table: string, title: string, rest: string): readonly Step[] {
  const name = quoteName(shortened(title));
  const drop = `drop policy if exists ${name} on ${quoteQualified(table)};`;
  return [{ up: drop }, { up: `create policy ${name} on ${quoteQualified(table)}\n  ${rest};`, down: drop }];
}

/** The indexes that the policies look up: without one on the tenant's column, every query reads the whole table. */
export function indexSteps(plan: Settled, concurrently: boolean): readonly Step[] {
  const { membership } = plan;
  const wanted = plan.tables.flatMap(rule =>
    'column' in rule && rule.indexed !== true ? [{ table: rule.table, columns: [rule.column] }] : [],
  );
  const members = [[membership.user, membership.tenant], [membership.tenant]].map(columns => ({
    table: membership.table,
    columns,
  }));
  return [...(membership.indexed === true ? [] : members), ...wanted].map(({ table, columns }) => {
    const name = shortened(`guard_${bareName(table)}_${columns.join('_')}`);
    const how = concurrently ? ' concurrently' : '';
    const schema = quoteQualified(table).split('.')[0] ?? '';
    return {
      up: `create index${how} if not exists ${quoteName(name)} on ${quoteQualified(table)} (${columns.map(quoteName).join(', ')});`,
      down: `drop index if exists ${schema}.${quoteName(name)};`,
    };
  });
}
