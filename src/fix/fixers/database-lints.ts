import type { Finding } from '../../core/finding.ts';
import { callsPerRow, wrapCalls } from '../../logic/condition-tree.ts';
import { steadyFunctions } from '../../model/database/steady.ts';
import type { DatabaseFunction } from '../../model/database/types.ts';
import type { Draft, FixContext, Refused } from '../context.ts';
import { quoted, quotedName, recreatePolicy } from '../idioms/policy.ts';
import { bareName, hint, hints, migration, shortName } from './statements.ts';

/** Gives functions a search path of their own, with temporary tables last. */
export function setSearchPath(finding: Finding, context: FixContext): Draft | Refused {
  const named = new Set(hints(finding, 'functions'));
  const functions = context.database.functions.filter(each => named.has(each.signature));
  const [first] = functions;
  if (first === undefined) return { refused: 'The functions are not in the database model.' };
  const names = functions.length === 1 ? first.name : `${functions.length} functions`;
  return migration(
    {
      name: functions.length === 1 ? `search_path_of_${bareName(first.name)}` : 'search_paths',
      up: functions.map(each => `alter function ${each.signature} set search_path = ${pathOf(each, context)};`),
      down: functions
        .map(each =>
          each.searchPath === undefined
            ? `alter function ${each.signature} reset search_path;`
            : `alter function ${each.signature} set search_path = ${written(each.searchPath)};`,
        )
        .toReversed(),
    },
    {
      title: `Give ${names} a search path of their own`,
      explanation:
        'Names in the body were looked up where the caller says; they are now looked up where they always were, and temporary tables come last.',
    },
  );
}

/** An update policy also says which rows may be changed: those that it lets a row become. */
export function addUsing(finding: Finding, context: FixContext): Draft | Refused {
  const table = context.database.tables.find(each => each.name === finding.repair?.['table']);
  const policy = table?.policies.find(each => each.name === finding.repair?.['policy']);
  if (policy?.check === undefined) return { refused: 'The policy is not in the database model.' };
  const drop = `drop policy ${quotedName(policy.name)} on ${quoted(policy.table)};`;
  return migration(
    {
      name: `using_of_${bareName(policy.table)}_update`,
      up: [drop, recreatePolicy({ ...policy, using: policy.check })],
      down: [drop, recreatePolicy(policy)],
    },
    {
      title: `Let '${policy.name}' say which rows of ${policy.table} may be changed`,
      explanation:
        'Without USING there is no row to update; the condition for what a row becomes now holds before too.',
    },
  );
}

/** Takes privileges on tables away to which no policy applies. */
export function revokeBeyond(finding: Finding): Draft | Refused {
  const role = hint(finding, 'role') ?? '';
  const tables = hints(finding, 'tables').map(quoted).join(', ');
  const privileges = hints(finding, 'privileges').join(', ');
  return migration(
    {
      name: `revoke_${role}_beyond_policies`,
      up: [`revoke ${privileges} on ${tables} from ${quoted(role)};`],
      down: [`grant ${privileges} on ${tables} to ${quoted(role)};`],
    },
    {
      title: `Take ${privileges} away from ${role}`,
      explanation: 'Policies do not apply to these commands, and requests have no need of them.',
    },
  );
}

/** Takes away what tables made later come with. */
export function revokeDefault(finding: Finding): Draft | Refused {
  const role = hint(finding, 'role') ?? '';
  const schema = finding.repair?.['schema'];
  const where = typeof schema === 'string' ? ` in schema ${quoted(schema)}` : '';
  const privileges = hints(finding, 'privileges').join(', ');
  const whom = role === 'public' ? 'public' : quoted(role);
  return migration(
    {
      name: `revoke_default_privileges_of_${role}`,
      up: [`alter default privileges${where} revoke ${privileges} on tables from ${whom};`],
      down: [`alter default privileges${where} grant ${privileges} on tables to ${whom};`],
    },
    {
      title: `Give ${role === 'public' ? 'everybody' : role} nothing on tables made later`,
      explanation:
        'Tables that are there keep their grants; one that is made later gets those that its migration writes.',
    },
  );
}

/** Takes an object away from roles. */
export function revokeAll(finding: Finding, { database }: FixContext): Draft | Refused {
  const object = hint(finding, 'object') ?? '';
  const roles = hints(finding, 'roles');
  const target = [...database.tables, ...database.views].find(each => each.name === object);
  const given = (target?.grants ?? []).filter(grant => roles.includes(grant.role) && grant.column === undefined);
  return migration(
    {
      name: `revoke_${bareName(object)}`,
      up: [`revoke all on ${quoted(object)} from ${roles.map(quoted).join(', ')};`],
      down: given.map(grant => `grant ${grant.privilege} on ${quoted(object)} to ${quoted(grant.role)};`),
    },
    {
      title: `Take ${object} away from requests`,
      explanation: 'No policy can protect it; it is now read by the server only.',
    },
  );
}

/** Lets nobody but its owner make objects in a schema, and takes over what somebody else may have made there. */
export function revokeCreate(finding: Finding, { database }: FixContext): Draft | Refused {
  const schema = hint(finding, 'schema') ?? '';
  const roles = hints(finding, 'roles')
    .map(role => (role === 'public' ? 'public' : quoted(role)))
    .join(', ');
  const listing = finding.repair?.['objects'];
  const taken = (Array.isArray(listing) ? listing : []).flatMap((each: unknown) =>
    ownable(textIn(each, 'what') ?? '', textIn(each, 'name') ?? '', database),
  );
  return migration(
    {
      name: `close_schema_${schema}`,
      up: [
        `revoke create on schema ${quoted(schema)} from ${roles};`,
        ...taken.map(object => `alter ${object} owner to current_user;`),
      ],
      down: [`grant create on schema ${quoted(schema)} to ${roles};`],
    },
    {
      title: `Let requests make nothing in ${schema}`,
      explanation: `Names in it can still be used; migrations run as its owner.${
        taken.length === 0
          ? ''
          : " What may have been there before the app made it is taken over, or the migration fails and says that it is somebody else's."
      }`,
    },
  );
}

/** Lets nobody but its owner make schemas in the database, and takes over those that somebody else may have made. */
export function revokeCreateSchema(finding: Finding): Draft | Refused {
  const roles = hints(finding, 'roles').map(role => (role === 'public' ? 'public' : quoted(role)));
  // The database has another name in each place where the migration runs.
  const onDatabase = (change: string): string =>
    `do $$ begin execute format('${change.replaceAll("'", "''")}', current_database()); end $$;`;
  return migration(
    {
      name: 'close_database_for_schemas',
      up: [
        onDatabase(`revoke create on database %I from ${roles.join(', ')}`),
        ...hints(finding, 'schemas').map(name => `alter schema ${quoted(name)} owner to current_user;`),
      ],
      down: [onDatabase(`grant create on database %I to ${roles.join(', ')}`)],
    },
    {
      title: 'Let requests make no schemas',
      explanation:
        "A schema that was there before the app made it is taken over, or the migration fails and says that it is somebody else's.",
    },
  );
}

/** How `alter` names what was made; a function with each of its signatures. */
function ownable(what: string, name: string, { functions, views }: FixContext['database']): readonly string[] {
  if (what === 'function')
    return functions.filter(each => each.name === name).map(each => `function ${each.signature}`);
  const isMaterialized = views.some(view => view.name === name && view.materialized);
  return [`${isMaterialized ? 'materialized view' : what} ${quoted(name)}`];
}

/** Drops a policy that nothing needs. */
export function dropPolicy(finding: Finding, { database }: FixContext): Draft | Refused {
  const policy = database.tables
    .find(each => each.name === hint(finding, 'table'))
    ?.policies.find(each => each.name === hint(finding, 'policy'));
  if (policy === undefined) return { refused: 'The policy is not in the database model.' };
  return migration(
    {
      name: `drop_policy_of_${bareName(policy.table)}`,
      up: [`drop policy ${quotedName(policy.name)} on ${quoted(policy.table)};`],
      down: [recreatePolicy(policy)],
    },
    {
      title: `Drop '${policy.name}' on ${policy.table}`,
      explanation: 'Files of a public bucket are served without it; it only let everybody list their names.',
    },
  );
}

/** Turns row security on for a part of a table: the whole goes on to be reached under the whole's policies. */
export function enablePart(finding: Finding): Draft | Refused {
  const table = quoted(hint(finding, 'table') ?? '');
  return migration(
    {
      name: `enable_${bareName(hint(finding, 'table') ?? '')}`,
      up: [`alter table ${table} enable row level security;`],
      down: [`alter table ${table} disable row level security;`],
    },
    {
      title: `Let nobody reach ${hint(finding, 'table') ?? ''} by its own name`,
      explanation:
        'Queries on the whole table use the policies of the whole; the part by itself now lets no row through.',
    },
  );
}

/** Lets roles change every column but some. */
export function grantOtherColumns(finding: Finding, { database }: FixContext): Draft | Refused {
  const table = database.tables.find(each => each.name === hint(finding, 'table'));
  if (table === undefined) return { refused: 'The table is not in the database model.' };
  const kept = new Set(hints(finding, 'columns'));
  const open = table.columns
    .filter(column => !kept.has(column.name) && !column.generated)
    .map(({ name }) => quoted(name));
  const roles = hints(finding, 'roles');
  const whole = roles.filter(role =>
    table.grants.some(grant => grant.role === role && grant.privilege === 'update' && grant.column === undefined),
  );
  if (open.length === 0 || whole.length !== roles.length)
    return { refused: `Which columns of '${table.name}' requests may change was decided column by column already.` };
  const on = `on ${quoted(table.name)}`;
  const to = whole.map(quoted).join(', ');
  return migration(
    {
      name: `columns_of_${bareName(table.name)}`,
      up: [`revoke update ${on} from ${to};`, `grant update (${open.join(', ')}) ${on} to ${to};`],
      down: [`revoke update (${open.join(', ')}) ${on} from ${to};`, `grant update ${on} to ${to};`],
    },
    {
      title: `Keep ${[...kept].join(', ')} of ${table.name} for the server`,
      explanation:
        'A policy decides which rows may be changed, grants decide which columns: the others can be changed as before.',
    },
  );
}

/** Writes policies anew that ask for every row what holds for the whole query. */
export function callOnce(_finding: Finding, { database }: FixContext): Draft | Refused {
  const isSteady = steadyFunctions(database);
  const once = (condition: string): string => wrapCalls(condition, callsPerRow(condition, isSteady));
  const pairs = database.tables
    .filter(table => table.rowSecurity)
    .flatMap(table => table.policies)
    .map(policy => ({
      policy,
      faster: {
        ...policy,
        ...(policy.using === undefined ? {} : { using: once(policy.using) }),
        ...(policy.check === undefined ? {} : { check: once(policy.check) }),
      },
    }))
    .filter(({ policy, faster }) => policy.using !== faster.using || policy.check !== faster.check);
  const drops = ({ policy }: (typeof pairs)[number]): string =>
    `drop policy ${quotedName(policy.name)} on ${quoted(policy.table)};`;
  if (pairs.length === 0) return { refused: 'Every policy asks once.' };
  return migration(
    {
      name: 'policies_ask_once',
      up: pairs.flatMap(pair => [drops(pair), recreatePolicy(pair.faster)]),
      down: pairs.flatMap(pair => [drops(pair), recreatePolicy(pair.policy)]),
    },
    {
      title: `Let ${pairs.length === 1 ? 'a policy' : `${pairs.length} policies`} ask once for each query who is calling`,
      explanation:
        'What no row decides now stands in a sub-query of its own, which Postgres evaluates once; its value is the same for the whole statement.',
    },
  );
}

/** Makes an index for each column by which policies find rows. */
export function indexColumns(finding: Finding): Draft | Refused {
  const listed = finding.repair?.['columns'];
  const columns = (Array.isArray(listed) ? listed : []).flatMap((each: unknown) => {
    const [table, column] = ['table', 'column'].map(name =>
      typeof each === 'object' && each !== null ? Reflect.get(each, name) : undefined,
    );
    return typeof table === 'string' && typeof column === 'string' ? [{ table, column }] : [];
  });
  const nameOf = ({ table, column }: (typeof columns)[number]): string => quoted(`${bareName(table)}_${column}_idx`);
  const schemaOf = (table: string): string => (table.includes('.') ? `${quoted(table.replace(/\.[^.]*$/, ''))}.` : '');
  return migration(
    {
      name: 'index_policy_columns',
      up: columns.map(
        each => `create index if not exists ${nameOf(each)} on ${quoted(each.table)} (${quoted(each.column)});`,
      ),
      down: columns.map(each => `drop index if exists ${schemaOf(each.table)}${nameOf(each)};`),
    },
    {
      title: `Index ${columns.length === 1 ? 'the column' : `${columns.length} columns`} by which policies find rows`,
      explanation: 'Each query under these policies looks for the rows of one tenant or user first.',
    },
  );
}

/** Makes keys between tables of tenants hold the tenant on both sides. */
export function tenantInKey(finding: Finding, { database }: FixContext): Draft | Refused {
  const listed = finding.repair?.['references'];
  const up: string[] = [];
  const down: string[] = [];
  const unique = new Set<string>();
  for (const each of Array.isArray(listed) ? listed : []) {
    const [name, keyName, tenant, other] = ['table', 'key', 'tenantColumn', 'referencedTenantColumn'].map(part =>
      textIn(each, part),
    );
    const table = database.tables.find(candidate => candidate.name === name);
    const key = table?.foreignKeys.find(candidate => candidate.name === keyName);
    const target = database.tables.find(candidate => candidate.name === key?.table);
    const [column, referenced] = [key?.columns[0], key?.referencedColumns[0]];
    if (table === undefined || key === undefined || target === undefined) continue;
    if (column === undefined || referenced === undefined || tenant === undefined || other === undefined) continue;
    const pair = [referenced, other];
    const isKnown = target.uniqueKeys.some(known => known.length === 2 && pair.every(part => known.includes(part)));
    const uniqueName = quoted(shortName(bareName(target.name), referenced, other, 'key'));
    if (!isKnown && !unique.has(uniqueName)) {
      unique.add(uniqueName);
      up.push(
        `alter table ${quoted(target.name)} add constraint ${uniqueName} unique (${pair.map(quoted).join(', ')});`,
      );
      down.unshift(`alter table ${quoted(target.name)} drop constraint ${uniqueName};`);
    }
    const constraint = quoted(shortName(bareName(table.name), column, tenant, 'fkey'));
    // Only the reference is emptied, never the tenant. https://www.postgresql.org/docs/current/sql-createtable.html
    const action = key.onDelete === 'set null' ? `set null (${quoted(column)})` : key.onDelete;
    up.push(
      `alter table ${quoted(table.name)} add constraint ${constraint} foreign key (${quoted(column)}, ${quoted(tenant)}) references ${quoted(target.name)} (${pair.map(quoted).join(', ')}) on delete ${action};`,
    );
    down.unshift(`alter table ${quoted(table.name)} drop constraint ${constraint};`);
  }
  if (up.length === 0) return { refused: 'The keys are not in the database model.' };
  return migration(
    { name: 'tenant_in_keys', up, down },
    {
      title: 'Let keys between rows of tenants hold the tenant',
      explanation: 'A row can now refer to rows of its own tenant only; Postgres checks it with the key.',
    },
  );
}

/** Moves extensions out of the schema that the API shows. */
export function moveExtensions(finding: Finding): Draft | Refused {
  const extensions = hints(finding, 'extensions').map(quoted);
  return migration(
    {
      name: 'move_extensions',
      up: extensions.map(name => `alter extension ${name} set schema extensions;`),
      down: extensions.map(name => `alter extension ${name} set schema public;`),
    },
    {
      title: `Move ${hints(finding, 'extensions').join(', ')} out of public`,
      explanation: 'The schema extensions is on the search path as well, and the API does not show it.',
    },
  );
}

function textIn(value: unknown, name: string): string | undefined {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return typeof found === 'string' ? found : undefined;
}

/** What Supabase's and Postgres' own settings look through, made explicit. */
function pathOf({ searchPath, schema }: DatabaseFunction, { database }: FixContext): string {
  if (searchPath !== undefined) return `${written(searchPath.replace(/,?\s*"?pg_temp"?/, ''))}, pg_temp`;
  const own = schema === 'public' ? [] : [quoted(schema)];
  return [...own, 'public', ...(database.platform === 'supabase' ? ['extensions'] : []), 'pg_temp'].join(', ');
}

/** The catalog writes an empty path as `""`, which is no name that SQL takes. */
function written(path: string): string {
  return path.replaceAll('""', "''");
}
