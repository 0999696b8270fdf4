import { report } from '../events/event.ts';
import { at } from '../property.ts';
import type { Policy } from './policy.ts';
import { aboutCallers, aboutFunctions, leftBy, leftThrough } from './leaving.ts';
import type { FunctionRow, NamedRow } from './leaving.ts';
import { quotedName } from './setter.ts';
import { ScopedQuery } from './scoped-query.ts';
import type { QueryConfig, WireClient } from './wire.ts';

/** What the self-test saw of the way to the database. */
export interface SelfTestReport {
  /** Whether something stands between that hands out connections by transaction. */
  readonly pooler: boolean;
  readonly role: string;
  /** Tables with a tenant column whose rows no policy keeps back from this role. */
  readonly unprotected: readonly string[];
  /** Functions that leave rows or settings on the session which runs them. */
  readonly leaving: readonly string[];
  /** Why the guard would not hold on this connection. */
  readonly problems: readonly string[];
}

/** The test at start-up: once for a pool, on its first connection, before any statement of the app. */
export interface SelfTest {
  /** Resolves when the connection may be used; rejects with what is wrong. */
  passed(client: WireClient): Promise<void>;
  /** Whether the test itself is asking on this connection. */
  running(client: WireClient): boolean;
  /** Whether statements may keep their names. */
  named(): boolean;
  /** What was seen, once it was. */
  readonly report: SelfTestReport | undefined;
}

/** Makes the self-test of one pool. A test that could not run is tried again on the next connection. */
export function selfTestOf(policy: Policy): SelfTest {
  const asking = new WeakSet<WireClient>();
  let running: Promise<SelfTestReport> | undefined;
  let seen: SelfTestReport | undefined;
  return {
    get report() {
      return seen;
    },
    running: client => asking.has(client),
    named: () => (policy.options.pooler === undefined ? seen?.pooler === false : policy.options.pooler === 'none'),
    async passed(client) {
      if (seen === undefined) {
        running ??= examine(client, policy, asking).finally(() => {
          running = undefined;
        });
        seen = await running;
      }
      refuse(seen, policy);
    },
  };
}

async function examine(client: WireClient, policy: Policy, asking: WeakSet<WireClient>): Promise<SelfTestReport> {
  asking.add(client);
  try {
    const { rows } = await ask<RoleRow>(client, { text: aboutRole });
    const role = rows[0];
    const found = await ask<TableRow>(client, { text: aboutMembership, values: [quotedName(policy.membership.table)] });
    if (found.rows[0] !== undefined && !policy.membership.table.includes('.')) policy.membershipIn(found.rows[0].name);
    const tables = await ask<TableRow>(client, { text: aboutTables, values: [policy.membership.tenant] });
    const unprotected = tables.rows.map(row => row.name).filter(name => !isNamed(policy.options.unprotected, name));
    const leaving = await functionsThatLeave(client, policy);
    return {
      pooler: policy.options.pooler === 'transaction' || (role !== undefined && role.pid !== client.processID),
      role: role?.role ?? '',
      unprotected,
      leaving,
      problems: [
        ...(role === undefined ? [] : problemsOfRole(role)),
        ...unprotected.map(
          name => `'${name}' has the column '${policy.membership.tenant}' and no row security that holds for this role`,
        ),
        ...(await problemsOfTravel(client, policy)),
      ],
    };
  } finally {
    asking.delete(client);
  }
}

interface RoleRow {
  readonly role: string;
  readonly pid: number;
  readonly superuser: boolean;
  readonly bypasses: boolean;
}

interface TableRow {
  readonly name: string;
}

/** https://www.postgresql.org/docs/current/ddl-rowsecurity.html: superusers and BYPASSRLS roles always pass. */
const aboutRole = `select current_user::text as role, pg_backend_pid() as pid, rolsuper as superuser, rolbypassrls as bypasses
from pg_roles
where rolname = current_user`;

function readsAsCaller(view: string): string {
  return `exists (
      select from pg_options_to_table(${view}.reloptions) as set_to
      where set_to.option_name = 'security_invoker' and set_to.option_value::boolean
    )`;
}

/**
 * What the role reaches with the tenant's column in it, where no policy keeps rows back: tables without row security or
 * whose owner it is, views that read as somebody for whom none holds, also through other views, and what can have none
 * (materialized views, foreign tables). https://www.postgresql.org/docs/current/sql-createview.html#SQL-CREATEVIEW-SECURITY-INVOKER
 */
const aboutTables = `select format('%s.%s', n.nspname, c.relname) as name
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
join pg_attribute as a on a.attrelid = c.oid and a.attname = $1 and not a.attisdropped
join pg_roles as o on o.oid = c.relowner
where c.relkind in ('r', 'p', 'v', 'm', 'f')
  and n.nspname not in ('pg_catalog', 'information_schema', 'drydock')
  and has_schema_privilege(n.oid, 'usage')
  and has_table_privilege(c.oid, 'select, insert, update, delete')
  and case
    when c.relkind in ('m', 'f') then true
    when c.relkind <> 'v' then
      not c.relrowsecurity or (not c.relforcerowsecurity and pg_has_role(c.relowner, 'usage'))
    when ${readsAsCaller('c')} then false
    else o.rolsuper or o.rolbypassrls or exists (
      with recursive reads as (
        select c.oid as relation, c.relowner as reader
        union
        select d.refobjid, v.relowner
        from reads
        join pg_class as v on v.oid = reads.relation and v.relkind = 'v' and not ${readsAsCaller('v')}
        join pg_rewrite as r on r.ev_class = v.oid
        join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
      )
      select
      from reads
      join pg_class as t on t.oid = reads.relation and t.relkind in ('r', 'p', 'm', 'f')
      join pg_roles as by on by.oid = reads.reader
      join pg_attribute as held on held.attrelid = t.oid and held.attname = $1 and not held.attisdropped
      where by.rolsuper or by.rolbypassrls or not t.relrowsecurity
        or (not t.relforcerowsecurity and pg_has_role(reads.reader, t.relowner, 'usage'))
    )
  end
order by 1`;

const aboutMembership = `select n.nspname as name
from pg_class as c
join pg_namespace as n on n.oid = c.relnamespace
where c.oid = to_regclass($1)`;

/** Whether the app has given a reason for what the catalog names with its schema. */
function isNamed(reasons: Readonly<Record<string, string>> = {}, name: string): boolean {
  return Object.hasOwn(reasons, name) || Object.hasOwn(reasons, name.replace(/^public\./, ''));
}

/** A function leaves what no text shows: a statement that names it is taken for one that leaves it by itself. */
async function functionsThatLeave(client: WireClient, policy: Policy): Promise<readonly string[]> {
  const { rows } = await ask<FunctionRow>(client, { text: aboutFunctions });
  const guarded = Object.values(policy.settings).map(name => name.toLowerCase());
  const found = rows.flatMap(row => {
    const left = leftBy(row, guarded);
    return left === undefined || isNamed(policy.options.leavesNothing, row.name) ? [] : [{ ...row, left }];
  });
  if (found.length === 0) return [];
  const named = await ask<NamedRow>(client, { text: aboutCallers, values: [found.map(({ oid }) => oid)] });
  policy.leavingThrough(leftThrough(named.rows, new Map(found.map(({ oid, left }) => [oid, left]))));
  const names = [...new Set(found.map(({ name }) => name))].toSorted();
  const reason = `Connections that ran these functions are ended, for they leave rows or settings there, or run what cannot be read: ${names.join(', ')}.`;
  report({ type: 'self_test', outcome: 'observed', reason });
  return names;
}

function problemsOfRole(role: RoleRow): readonly string[] {
  if (role.superuser) return [`the role '${role.role}' is a superuser, for whom no policy holds`];
  return role.bypasses ? [`the role '${role.role}' has BYPASSRLS, so that no policy holds for it`] : [];
}

/**
 * Sends a setter and a question under one Sync, and then asks again without: the setting must be seen by the first and by
 * nothing after it. A pooler that takes the two apart, or a driver that changed, fails here and not in production.
 */
async function problemsOfTravel(client: WireClient, policy: Policy): Promise<readonly string[]> {
  const marker = `drydock-self-test-${process.pid}-${Math.random().toString(36).slice(2)}`;
  const setter = policy.setterOf({ mode: 'user', user: marker });
  if (setter === undefined) return [];
  const question = { text: `select current_setting('${policy.settings.user}', true) as seen` };
  const seen = await new Promise<string | null>((resolve, reject) => {
    const travel = { setter, membership: policy.membership, named: false };
    const settle = (error: unknown, result: unknown): void =>
      error instanceof Error ? reject(error) : resolve(firstSeen(result));
    client.query(new ScopedQuery(question, settle, travel, false));
  });
  const after = firstSeen(await ask(client, question));
  return [
    ...(seen === marker ? [] : ['the scope did not reach the statement that travelled with it']),
    ...(after === marker ? ['the scope was still set after its statement'] : []),
  ];
}

function firstSeen(result: unknown): string | null {
  const seen = at(result, 'rows', '0', 'seen');
  return typeof seen === 'string' ? seen : null;
}

async function ask<Row>(client: WireClient, config: QueryConfig): Promise<{ readonly rows: readonly Row[] }> {
  const result: unknown = await client.query(config);
  return result as { readonly rows: readonly Row[] };
}

function refuse(report: SelfTestReport, policy: Policy): void {
  if (report.problems.length === 0) return;
  const error = policy.refusal(
    'unsafe-connection',
    `The guard would not hold here: ${report.problems.join('; ')}.`,
    '',
  );
  if (policy.mode !== 'observe') throw error;
}
