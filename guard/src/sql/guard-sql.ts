import { quoteName, quoteQualified, schemaOf } from './names.ts';
import { settled } from './options.ts';
import type { Settled, SqlOptions } from './options.ts';
import { roleCheck, roleSteps, usesAuth } from './roles.ts';
import type { Step } from './roles.ts';
import { indexSteps, tableSteps } from './tables.ts';

/** The database side of the guard as statements, each whole and ending in a semicolon. */
export interface GuardSql {
  /** Makes roles, grants, row security, policies and indexes. Can be run again. */
  readonly up: readonly string[];
  /** Undoes `up`, as far as it is known what was there before. */
  readonly down: readonly string[];
  /** Indexes that are made while the app goes on writing, which is possible only outside of a transaction. */
  readonly concurrent: readonly string[];
}

/**
 * Writes the migration that makes a database keep its tenants apart for the app's own role: roles, grants, forced row
 * security, policies in the form that costs nothing, and their indexes.
 *
 * @example
 * const { up, down } = guardSql({
 *   tool: 'drizzle',
 *   types: { tenant: 'uuid', user: 'text' },
 *   membership: { table: 'memberships', user: 'user_id', tenant: 'team_id' },
 *   tables: [
 *     { kind: 'tenants', table: 'teams' },
 *     { kind: 'tenant', table: 'invoices', column: 'team_id' },
 *     { kind: 'child', table: 'invoice_lines', column: 'invoice_id', parent: 'invoices' },
 *     { kind: 'reference', table: 'currencies' },
 *   ],
 * });
 */
export function guardSql(options: SqlOptions): GuardSql {
  const plan = settled(options);
  const concurrently = plan.tool === 'prisma' || plan.tool === 'plain';
  const indexes = indexSteps(plan, concurrently);
  const steps = [
    ...roleSteps(plan),
    roleCheck(plan),
    ...schemaSteps(plan),
    ...(concurrently ? [] : indexes),
    ...tableSteps(plan),
    ...viewSteps(plan),
    ...functionSteps(plan),
  ];
  const undo = [...(concurrently ? indexes : []), ...steps.toReversed()];
  return {
    up: [patience, ...steps.map(step => step.up)],
    down: undo.flatMap(step => (step.down === undefined ? [] : [step.down])),
    concurrent: concurrently ? indexes.map(step => step.up) : [],
  };
}

/** A migration that waits for a lock makes everybody behind it wait too: rather it fails and is run again. */
const patience = `select set_config('lock_timeout', '5s', true);`;

/**
 * What is made later opens to the admin role by itself, and to the app's role only when it is listed: a new table without
 * an owner is then an error of permission and not a leak.
 */
function schemaSteps(plan: Settled): readonly Step[] {
  const { roles } = plan;
  const names = [plan.membership.table, ...plan.tables.map(rule => rule.table), ...(plan.views ?? [])];
  const schemas = [...new Set(names.map(schemaOf))].map(quoteName);
  const users = [roles.app, roles.admin, ...(usesAuth(plan) ? [roles.auth] : [])].map(quoteName).join(', ');
  const maker = roles.owner === undefined ? '' : ` for role ${quoteName(roles.owner)}`;
  return schemas.flatMap(schema => {
    const standard = `alter default privileges${maker} in schema ${schema}`;
    return [
      ...(roles.owner === undefined
        ? []
        : [
            {
              up: `grant usage, create on schema ${schema} to ${quoteName(roles.owner)};`,
              down: `revoke all on schema ${schema} from ${quoteName(roles.owner)};`,
            },
          ]),
      { up: `grant usage on schema ${schema} to ${users};`, down: `revoke usage on schema ${schema} from ${users};` },
      {
        up: `grant usage, select on all sequences in schema ${schema} to ${users};`,
        down: `revoke usage, select on all sequences in schema ${schema} from ${users};`,
      },
      {
        up: `${standard} grant usage, select on sequences to ${users};`,
        down: `${standard} revoke usage, select on sequences from ${users};`,
      },
      {
        up: `${standard} grant select, insert, update, delete on tables to ${quoteName(roles.admin)};`,
        down: `${standard} revoke select, insert, update, delete on tables from ${quoteName(roles.admin)};`,
      },
    ];
  });
}

/** A view asks as its owner, past every policy, unless it is told to ask as its caller. */
function viewSteps({ views = [], roles }: Settled): readonly Step[] {
  return views.map(quoteQualified).flatMap(view => [
    { up: `alter view ${view} set (security_invoker = true);`, down: `alter view ${view} reset (security_invoker);` },
    {
      up: `grant select on ${view} to ${quoteName(roles.app)}, ${quoteName(roles.admin)};`,
      down: `revoke select on ${view} from ${quoteName(roles.app)}, ${quoteName(roles.admin)};`,
    },
  ]);
}

function functionSteps({ functions = [], roles }: Settled): readonly Step[] {
  return functions.flatMap(name => [
    { up: `alter function ${name} security invoker;`, down: `alter function ${name} security definer;` },
    {
      up: `grant execute on function ${name} to ${quoteName(roles.app)}, ${quoteName(roles.admin)};`,
      down: `revoke execute on function ${name} from ${quoteName(roles.app)}, ${quoteName(roles.admin)};`,
    },
  ]);
}
