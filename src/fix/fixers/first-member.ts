import type { Finding } from '../../core/finding.ts';
import type { Policy, PolicyCommand, Table } from '../../model/database/types.ts';
import type { Draft, FixContext, Refused } from '../context.ts';
import { awaitsFirstMember, tenantsOfCaller, tenantsRunByCaller } from '../idioms/helper-functions.ts';
import { namesCaller, ownerConditions, quoted, quotedName, recreatePolicy } from '../idioms/policy.ts';
import { bareName, hint, migration } from './statements.ts';

/** Other fixers say why nothing can be done. */
const notHere: Refused = { refused: '' };

type Command = Exclude<PolicyCommand, 'all'>;

/**
 * A policy by which users write themselves into any tenant: they still join one that they made and nobody is in yet. Who asks
 * for more than that one is a member already could never be the first.
 */
export function admitFirstMember(finding: Finding, context: FixContext): Draft | Refused {
  const { database, tenancy } = context;
  const table = tableOf(finding, context);
  const [membership] = tenancy.memberships;
  const first = awaitsFirstMember(context);
  const own = tenantsOfCaller(context);
  if (table === undefined || membership?.table !== table.name || first === undefined || own === undefined)
    return notHere;
  const policy = policyOf(finding, table, ['insert', 'all']);
  if (policy === undefined) return notHere;
  const run = tenantsRunByCaller(context);
  const tenant = quoted(membership.tenantColumn);
  const isFirst = `${namesCaller(membership, database)} and ${first.name}(${tenant})`;
  const isOwn = `${tenant} = any (array(select ${own.name}()))`;
  const isRun = run === undefined ? isOwn : `${tenant} = any (array(select ${run.name}()))`;
  const after =
    policy.command === 'insert'
      ? [{ ...policy, check: isFirst }]
      : split(policy, {
          select: isOwn,
          insert: `(${isFirst}) or ${isRun}`,
          update: isRun,
          delete: `${isRun} or ${namesCaller(membership, database)}`,
        });
  return rewritten(table, policy, after, {
    name: `first_member_of_${bareName(table.name)}`,
    title: `Let '${policy.name}' add only the first member of a tenant`,
    explanation:
      'Users wrote themselves into any tenant. They now join one that they made and that has nobody yet; into others its people add them, or a function of yours that checks their invitation.',
  });
}

/** A policy for everything that is done with tenants: whoever makes one may go on doing so, the rest is its members'. */
export function keepNewTenants(finding: Finding, context: FixContext): Draft | Refused {
  const { root, principal } = context.tenancy;
  const table = tableOf(finding, context);
  if (table === undefined || table.name !== root?.table || root.table === principal?.table) return notHere;
  const policy = policyOf(finding, table, ['all']);
  const avoid = new Set(table.policies.map(each => `${table.name}.${each.name}`));
  const [condition] = ownerConditions(context, table.name, { avoid });
  if (policy === undefined || condition === undefined) return notHere;
  const after = split(policy, {
    select: condition,
    insert: policy.check ?? policy.using ?? 'true',
    update: condition,
    delete: condition,
  });
  return rewritten(table, policy, after, {
    name: `narrow_${bareName(table.name)}_policies`,
    title: `Narrow '${policy.name}' on ${table.name} to its members, and leave making one as it is`,
    explanation:
      'One policy let whoever it names do everything with every tenant. Each command now has its own: a new tenant can be made as before, the rest is for its members.',
  });
}

function tableOf(finding: Finding, { database }: FixContext): Table | undefined {
  const name = hint(finding, 'table') ?? finding.object;
  return database.tables.find(each => each.name === name);
}

/** The policy that the hint names, else the only one for these commands. */
function policyOf(finding: Finding, table: Table, commands: readonly PolicyCommand[]): Policy | undefined {
  const named = hint(finding, 'policy');
  const fitting = table.policies.filter(
    policy => policy.permissive && commands.includes(policy.command) && (named === undefined || policy.name === named),
  );
  return fitting.length === 1 ? fitting[0] : undefined;
}

function split(policy: Policy, conditions: Readonly<Record<Command, string>>): readonly Policy[] {
  const { using: _using, check: _check, ...rest } = policy;
  return (['select', 'insert', 'update', 'delete'] as const).map(command => ({
    ...rest,
    name: `${policy.name.slice(0, 54)} (${command})`,
    command,
    ...(command === 'insert' ? {} : { using: conditions[command] }),
    ...(command === 'insert' || command === 'update' ? { check: conditions[command] } : {}),
  }));
}

function rewritten(
  table: Table,
  policy: Policy,
  after: readonly Policy[],
  about: { readonly name: string; readonly title: string; readonly explanation: string },
): Draft {
  const drop = ({ name }: Policy): string => `drop policy ${quotedName(name)} on ${quoted(table.name)};`;
  return migration(
    {
      name: about.name,
      up: [drop(policy), ...after.map(recreatePolicy)],
      down: [...after.map(drop), recreatePolicy(policy)],
    },
    about,
  );
}
