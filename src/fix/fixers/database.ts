import type { Finding } from '../../core/finding.ts';
import { functionsBehind } from '../../model/database/functions-behind.ts';
import type { DatabaseFunction, Policy, Table } from '../../model/database/types.ts';
import type { Draft, FixContext, Fixer, Refused } from '../context.ts';
import { isFilledByVisitors } from '../../model/tenancy/published.ts';
import { ownershipOf } from '../idioms/ownership.ts';
import {
  createPolicy,
  grantedCommands,
  ownerConditions,
  quoted,
  quotedName,
  recreatePolicy,
  rolesGranted,
} from '../idioms/policy.ts';
import { conditionPlace } from '../source/sql-text.ts';
import { narrowFiles } from './file-policies.ts';
import { bareName, hint, migration } from './statements.ts';

/** Turns row security on for a table, with a policy for each command that requests may run and none covers. */
export function enablePolicies(finding: Finding, context: FixContext): Draft | Refused {
  return enableFor(0, finding, context);
}

/** The other ways to say whose rows they are. */
export const enableOtherwise: readonly Fixer[] = [1, 2, 3].map(
  way => (finding, context) => enableFor(way, finding, context),
);

function enableFor(way: number, finding: Finding, context: FixContext): Draft | Refused {
  const table = tableOf(finding, context);
  if (table === undefined) return { refused: `The table '${finding.object ?? ''}' is not in the database model.` };
  const roles = rolesGranted(table, context);
  const up: string[] = [];
  const down: string[] = [];
  const bare = bareName(table.name);
  const condition = ownerConditions(context, table.name)[way];
  for (const command of grantedCommands(table, roles)) {
    if (table.policies.some(policy => policy.permissive && (policy.command === command || policy.command === 'all')))
      continue;
    if (condition === undefined) return { refused: `The owner of '${table.name}' is not known.` };
    const name = `${bare}_${command}_own`;
    up.push(createPolicy({ name, table: table.name, command, roles, condition }));
    down.unshift(`drop policy ${quotedName(name)} on ${quoted(table.name)};`);
  }
  if (!table.rowSecurity) {
    up.push(`alter table ${quoted(table.name)} enable row level security;`);
    down.unshift(`alter table ${quoted(table.name)} disable row level security;`);
  }
  // What was reached as the owner is kept from it only where policies bind it.
  if (!table.forceRowSecurity && finding.evidence.some(each => each.kind === 'replay' && each.role === 'owner')) {
    up.push(`alter table ${quoted(table.name)} force row level security;`);
    down.unshift(`alter table ${quoted(table.name)} no force row level security;`);
  }
  const index = indexStatements(context, table);
  up.push(...index.up);
  down.unshift(...index.down);
  if (up.length === 0) return { refused: `Row security of '${table.name}' is on and covers every command.` };
  return migration(
    { name: `enable_${bare}_policies`, up, down },
    {
      title: `Turn on row security for ${table.name}`,
      explanation: `Policies mean nothing on a table where row security is off; it is now on, and each command that requests may run has a policy in the words of this database's others.`,
    },
  );
}

/** Makes row security hold for the table's owner too. */
export function forcePolicies(finding: Finding, context: FixContext): Draft | Refused {
  const table = tableOf(finding, context);
  if (table === undefined) return { refused: `The table '${finding.object ?? ''}' is not in the database model.` };
  const asOwner = context.paths.find(
    path => path.sink.table === table.name && path.sink.role === 'owner' && path.model.client.sqlRole === undefined,
  );
  if (asOwner !== undefined)
    return {
      refused: `'${asOwner.entryPoint.name}' reaches '${table.name}' as its owner and would read nothing any more; run it under a role of its own first.`,
    };
  return migration(
    {
      name: `force_${bareName(table.name)}_policies`,
      up: [`alter table ${quoted(table.name)} force row level security;`],
      down: [`alter table ${quoted(table.name)} no force row level security;`],
    },
    {
      title: `Make policies of ${table.name} hold for its owner`,
      explanation: 'The owner of a table is not subject to its policies unless they are forced.',
    },
  );
}

/** Narrows a policy to the caller's own rows, and keeps what else it asked. */
export function replacePolicy(finding: Finding, context: FixContext): Draft | Refused {
  return narrowTo(0, finding, context);
}

/** The other ways to say whose rows they are, each tried where the one before kept somebody out. */
export const narrowOtherwise: readonly Fixer[] = [1, 2, 3].map(way => (finding, context) => {
  const table = tableOf(finding, context);
  return table?.name === 'storage.objects' ? { refused: 'Files have one way.' } : narrowTo(way, finding, context);
});

function narrowTo(way: number, finding: Finding, context: FixContext): Draft | Refused {
  const table = tableOf(finding, context);
  if (table?.name === 'storage.objects') return narrowFiles(finding, context);
  const policies = table === undefined ? [] : policiesOf(finding, table);
  if (table === undefined || policies.length === 0) return { refused: 'The policy is not in the database model.' };
  const ofStaff = policies.find(policy => asksForAppRole(policy));
  if (ofStaff !== undefined)
    return {
      refused: `'${ofStaff.name}' is for who holds a role of the whole app: narrowed, it would keep them out. Who may come to hold it is the fault.`,
    };
  const avoid = new Set(policies.map(policy => `${policy.table}.${policy.name}`));
  const condition = ownerConditions(context, table.name, { avoid })[way];
  if (condition === undefined) return way === 0 ? leaveToServer(policies, table) : { refused: unownedReason(table) };
  const up: string[] = [];
  const down: string[] = [];
  const changed: string[] = [];
  const narrowing = policies.map(policy => ({ policy, narrowed: narrow(context, policy, table, condition) }));
  // All of them name the owner's column, and one leaks all the same: it compares it with something else.
  const misled = narrowing.every(each => each.narrowed === undefined);
  for (const each of narrowing) {
    const { policy } = each;
    const narrowed = each.narrowed ?? (misled ? rewritten(policy, condition) : undefined);
    if (narrowed === undefined) continue;
    changed.push(`'${policy.name}'`);
    up.push(`drop policy ${quotedName(policy.name)} on ${quoted(table.name)};`, recreatePolicy(narrowed));
    down.unshift(`drop policy ${quotedName(policy.name)} on ${quoted(table.name)};`, recreatePolicy(policy));
  }
  if (up.length === 0)
    return { refused: `The policies of '${table.name}' that the finding names ask for the owner already.` };
  const names = changed.join(' and ');
  return migration(
    { name: `narrow_${bareName(table.name)}_policies`, up, down },
    {
      title: `Narrow ${names} on ${table.name} to the caller's own rows`,
      explanation: 'Permissive policies add up: the widest one decides. Each of these now also asks for the owner.',
    },
  );
}

/** Lets nobody read what visitors send by a form: it is for the app, which reads it with a key that passes policies. */
function leaveToServer(policies: readonly Policy[], table: Table): Draft | Refused {
  if (!isFilledByVisitors(table) || policies.some(policy => policy.command !== 'select'))
    return { refused: unownedReason(table) };
  return migration(
    {
      name: `leave_${bareName(table.name)}_to_server`,
      up: policies.map(policy => `drop policy ${quotedName(policy.name)} on ${quoted(table.name)};`),
      down: policies.map(policy => recreatePolicy(policy)),
    },
    {
      title: `Leave reading ${table.name} to the app's server`,
      explanation:
        'Visitors may still send what they send; requests read none of it any more, and the service key, which passes policies, still does.',
    },
  );
}

function unownedReason(table: Table): string {
  return `The owner of '${table.name}' is not known.`;
}

/** Makes a view read with the rights of whoever asks it. */
export function securityInvoker(finding: Finding, context: FixContext): Draft | Refused {
  const name = hint(finding, 'view') ?? finding.object;
  const view = context.database.views.find(each => each.name === name);
  if (name === undefined || view === undefined)
    return { refused: `The view '${name ?? ''}' is not in the database model.` };
  if (view.materialized) {
    const roles = [...new Set(view.grants.map(grant => grant.role).filter(role => role !== view.owner))];
    return migration(
      {
        name: `close_${bareName(name)}`,
        up: roles.map(role => `revoke all on ${quoted(name)} from ${quoted(role)};`),
        down: roles.map(role => `grant select on ${quoted(name)} to ${quoted(role)};`),
      },
      {
        title: `Take ${name} away from requests`,
        explanation: 'A materialized view has no policies; it is now read by the server only.',
      },
    );
  }
  return migration(
    {
      name: `${bareName(name)}_security_invoker`,
      up: [`alter view ${quoted(name)} set (security_invoker = true);`],
      down: [`alter view ${quoted(name)} reset (security_invoker);`],
    },
    {
      title: `Let ${name} obey the policies of its tables`,
      explanation:
        "A view reads with its owner's rights unless it is a security invoker; the policies of its tables now apply to whoever asks.",
    },
  );
}

/** Makes a function with its owner's rights ask for the caller, or run with the caller's rights. */
export function guardFunction(finding: Finding, context: FixContext): Draft | Refused {
  const target = functionOf(finding, context);
  if (target === undefined) return { refused: `The function '${finding.object ?? ''}' is not in the database model.` };
  const name = bareName(target.name);
  const revoke = target.grants.some(grant => grant.role === 'public')
    ? [`revoke execute on function ${signature(target)} from public;`]
    : [];
  const guarded = guardedBody(context, target);
  if (guarded === undefined) return { refused: `The body of '${target.name}' has no single place for a condition.` };
  return migration(
    {
      name: `guard_${name}`,
      up: [guarded, ...revoke],
      down: [
        definition(target, target.body),
        ...revoke.map(() => `grant execute on function ${signature(target)} to public;`),
      ],
    },
    {
      title: `Let ${target.name} return the caller's own rows only`,
      explanation:
        "The function runs with its owner's rights, so that no policy applies inside it; it now asks for the caller's own rows itself.",
    },
  );
}

/** The other way to repair such a function: with the caller's rights, so that the policies apply. */
export function invokeFunction(finding: Finding, context: FixContext): Draft | Refused {
  const target = functionOf(finding, context);
  if (target === undefined) return { refused: `The function '${finding.object ?? ''}' is not in the database model.` };
  const read = context.database.tables.filter(table => new RegExp(`\\b${bareName(table.name)}\\b`).test(target.body));
  if (read.some(table => !table.rowSecurity && ownershipOf(context, table.name) !== undefined))
    return { refused: `A table that '${target.name}' reads has no row security.` };
  return migration(
    {
      name: `invoke_${bareName(target.name)}`,
      up: [`alter function ${signature(target)} security invoker;`],
      down: [`alter function ${signature(target)} security definer;`],
    },
    {
      title: `Run ${target.name} with the caller's rights`,
      explanation:
        "The function ran with its owner's rights, so that no policy applied inside it; it now runs with the caller's.",
    },
  );
}

/** Takes a privilege away. */
export function revokeGrant(finding: Finding, context: FixContext): Draft | Refused {
  const object = hint(finding, 'object') ?? hint(finding, 'table') ?? hint(finding, 'function') ?? finding.object;
  const role = hint(finding, 'role');
  if (object === undefined || role === undefined) return { refused: 'Which privilege is too much is not known.' };
  const privilege = hint(finding, 'privilege') ?? 'all';
  const target = context.database.functions.find(each => each.name === object);
  const on = target === undefined ? quoted(object) : `function ${signature(target)}`;
  return migration(
    {
      name: `revoke_${bareName(object)}_${role}`,
      up: [`revoke ${privilege} on ${on} from ${quoted(role)};`],
      down: [`grant ${privilege} on ${on} to ${quoted(role)};`],
    },
    {
      title: `Take ${privilege} on ${object} away from ${role}`,
      explanation: 'Requests under this role have no need of it.',
    },
  );
}

/** Indexes the column that every policy and query of the table now asks for. */
export function indexTenant(finding: Finding, context: FixContext): Draft | Refused {
  const table = tableOf(finding, context);
  if (table === undefined) return { refused: `The table '${finding.object ?? ''}' is not in the database model.` };
  const statements = indexStatements(context, table);
  if (statements.up.length === 0) return { refused: `The owner of '${table.name}' is indexed already.` };
  return migration(
    { name: `index_${bareName(table.name)}_owner`, ...statements },
    { title: `Index the owner of ${table.name}`, explanation: 'Every query under a policy looks for the owner first.' },
  );
}

/** A role for requests that owns nothing, so that policies apply to it. */
export function appRole(finding: Finding, context: FixContext): Draft | Refused {
  const role = hint(finding, 'role') ?? 'app_request';
  const tables = context.database.tables.filter(table => ownershipOf(context, table.name) !== undefined);
  if (tables.length === 0) return { refused: 'No table has an owner.' };
  const exists = context.database.roles.some(each => each.name === role);
  const up = [
    ...(exists
      ? []
      : [
          `do $$ begin\n  if not exists (select from pg_roles where rolname = '${role}') then create role ${quoted(role)} nologin; end if;\nend $$;`,
        ]),
    `grant ${quoted(role)} to current_user;`,
    `grant usage on schema public to ${quoted(role)};`,
    ...tables.map(table => `grant select, insert, update, delete on ${quoted(table.name)} to ${quoted(role)};`),
  ];
  const down = [
    ...tables.map(table => `revoke all on ${quoted(table.name)} from ${quoted(role)};`),
    `revoke usage on schema public from ${quoted(role)};`,
  ];
  return migration(
    { name: 'request_role', up, down },
    {
      title: `Add the role ${role} for requests`,
      explanation:
        'The app connects as the owner of its tables, whom policies do not bind; requests can now run as a role that owns nothing.',
    },
  );
}

/** A path that relies on the database: the object that it relies on is repaired. */
export function repairObject(finding: Finding, context: FixContext): Draft | Refused {
  const object = hint(finding, 'object') ?? finding.object;
  if (object === undefined) return { refused: 'Which object of the database leaks is not known.' };
  const about: Finding = { ...finding, object };
  if (context.database.views.some(view => view.name === object)) return securityInvoker(about, context);
  if (context.database.functions.some(each => each.name === object)) return guardFunction(about, context);
  const table = context.database.tables.find(each => each.name === object);
  if (table === undefined) return { refused: `'${object}' is not in the database model.` };
  return table.rowSecurity ? replacePolicy(about, context) : enablePolicies(about, context);
}

/** `has_role(auth.uid(), 'security')`, which names no tenant. */
function asksForAppRole({ using, check }: Policy): boolean {
  const call = /\b\w+\(\s*(?:\(\s*select\s+)?auth\.uid\(\)(?:\s+as\s+\w+)?\s*\)?\s*,\s*'[^']+'/i;
  return [using, check].some(text => text !== undefined && call.test(text));
}

function tableOf(finding: Finding, context: FixContext): Table | undefined {
  const name = hint(finding, 'table') ?? finding.object;
  return context.database.tables.find(table => table.name === name || `${table.schema}.${table.name}` === name);
}

function functionOf(finding: Finding, context: FixContext): DatabaseFunction | undefined {
  const name = hint(finding, 'function') ?? finding.object;
  return context.database.functions.find(
    each => each.name === name || signature(each) === name || `${each.schema}.${each.name}` === name,
  );
}

// The policy that the hint names; else those that do not ask for the owner.
function policiesOf(finding: Finding, table: Table): readonly Policy[] {
  const named = hint(finding, 'policy');
  if (named !== undefined) return table.policies.filter(policy => policy.name === named);
  const operation = hint(finding, 'operation');
  const command = operation === 'read' ? 'select' : operation;
  return table.policies.filter(
    policy => policy.permissive && (command === undefined || policy.command === command || policy.command === 'all'),
  );
}

/** The policy with the owner's condition beside its own; undefined where each of its conditions asks for the owner already. */
export function narrow(context: FixContext, policy: Policy, table: Table, condition: string): Policy | undefined {
  const column = ownershipOf(context, table.name)?.hops[0].column;
  const asks = (text: string | undefined) =>
    text === undefined ||
    (column !== undefined &&
      new RegExp(`\\b${column}\\b`).test(text) &&
      !/\bor\b/i.test(text) &&
      !/user_metadata/.test(text));
  const join = (text: string | undefined) =>
    text === undefined || text === 'true' || /user_metadata/.test(text)
      ? condition
      : `${condition} and ${wrapped(text)}`;
  const reads = policy.command !== 'insert';
  const writes = policy.command === 'insert' || policy.command === 'update' || policy.command === 'all';
  const using = reads && !asks(policy.using) ? join(policy.using) : policy.using;
  const writeText =
    policy.check ?? (policy.command === 'all' ? undefined : policy.command === 'update' ? undefined : policy.using);
  const check =
    writes && policy.check !== undefined && !asks(policy.check)
      ? join(policy.check)
      : writes && policy.check === undefined && policy.command === 'insert'
        ? join(writeText)
        : policy.check;
  if (using === policy.using && check === policy.check) return undefined;
  const { using: oldUsing, check: oldCheck, ...rest } = policy;
  void oldUsing;
  void oldCheck;
  return { ...rest, ...(using === undefined ? {} : { using }), ...(check === undefined ? {} : { check }) };
}

function rewritten(policy: Policy, condition: string): Policy | undefined {
  const using = policy.using === undefined || policy.using === condition ? policy.using : condition;
  const check = policy.check === undefined || policy.check === condition ? policy.check : condition;
  return using === policy.using && check === policy.check
    ? undefined
    : { ...policy, ...(using === undefined ? {} : { using }), ...(check === undefined ? {} : { check }) };
}

function wrapped(text: string): string {
  return text.startsWith('(') ? text : `(${text})`;
}

function indexStatements(
  context: FixContext,
  table: Table,
): { readonly up: readonly string[]; readonly down: readonly string[] } {
  const column = ownershipOf(context, table.name)?.hops[0].column;
  const known =
    column === undefined || table.indexes.some(index => index.columns[0] === column) || table.primaryKey[0] === column;
  if (column === undefined || known) return { up: [], down: [] };
  const name = `${bareName(table.name)}_${column}_idx`;
  return {
    up: [`create index if not exists ${quoted(name)} on ${quoted(table.name)} (${quoted(column)});`],
    down: [`drop index if exists ${quoted(name)};`],
  };
}

function signature(target: DatabaseFunction): string {
  return `${quoted(target.name)}(${target.arguments.map(argument => argument.type).join(', ')})`;
}

// `… where q.id = p_quote_id` gets `and <owner of q>`.
function guardedBody(context: FixContext, target: DatabaseFunction): string | undefined {
  if (target.language !== 'sql') return undefined;
  const table = context.database.tables.find(
    each =>
      ownershipOf(context, each.name) !== undefined &&
      new RegExp(`\\b(?:from|join|update)\\s+(?:\\w+\\.)?"?${bareName(each.name)}"?\\b`, 'i').test(target.body),
  );
  if (table === undefined) return undefined;
  const place = conditionPlace(target.body, table.name);
  const conditions = place === undefined ? [] : ownerConditions(context, table.name, { row: place.alias });
  // A function that asks itself never answers.
  const condition = conditions.find(each => !functionsBehind(each, context.database).includes(target));
  if (place === undefined || condition === undefined) return undefined;
  const open = place.parenthesis === undefined ? '' : '(';
  const head =
    place.parenthesis === undefined
      ? target.body.slice(0, place.at)
      : `${target.body.slice(0, place.parenthesis.open)}${open}${target.body.slice(place.parenthesis.open, place.at)})`;
  const body = `${head}\n  ${place.before.trim()} ${condition}${target.body.slice(place.at)}`;
  return definition(target, body);
}

function definition(target: DatabaseFunction, body: string): string {
  // The catalog writes an empty path as `""`, which is no name that SQL takes.
  const path = (target.searchPath ?? 'public, pg_temp').replaceAll('""', "''");
  return [
    `create or replace function ${quoted(target.name)}(${target.parameters ?? parametersOf(target)})`,
    `returns ${target.returns}`,
    `language ${target.language}`,
    target.volatility,
    ...(target.strict === true ? ['strict'] : []),
    target.securityDefiner ? 'security definer' : 'security invoker',
    `set search_path = ${path}`,
    ...(target.settings ?? []).map(settingOf),
    `as $function$${body.startsWith('\n') ? '' : '\n'}${body.trimEnd()}\n$function$;`,
  ].join('\n');
}

function parametersOf(target: DatabaseFunction): string {
  return target.arguments.map(({ name, type }) => (name === '' ? type : `${quoted(name)} ${type}`)).join(', ');
}

function settingOf(setting: string): string {
  const at = setting.indexOf('=');
  return `set ${setting.slice(0, at)} = '${setting.slice(at + 1).replaceAll("'", "''")}'`;
}
