import type { Gap } from '../../core/gap.ts';
import type { Sql } from '../../core/ports.ts';
import { quoteName } from '../../core/quote.ts';
import { attempt } from './attempt.ts';

/** What to say of a role that somebody made by hand. */
export function roleGap(role: string): { readonly name: string; readonly reason: string } {
  return {
    name: `role ${role}`,
    reason: `The role '${role}' is made outside the migrations: here it has only what they grant it.`,
  };
}

/**
 * A role that is made by hand may have been given its privileges by hand as well. Where migrations write policies for it and
 * grant it nothing, it is taken to have the commands that those policies name, without which they would decide nothing.
 */
export async function grantNamedCommands(sql: Sql, gaps: Map<string, Gap>): Promise<void> {
  for (const [key, gap] of gaps) {
    const role = /^role (.+)$/.exec(key)?.[1];
    const given = role === undefined ? [] : await namedCommands(sql, role);
    if (role === undefined || given.length === 0) continue;
    for (const { table, schema, commands } of given) {
      await attempt(sql, `grant usage on schema ${schema} to ${quoteName(role)}`);
      await attempt(sql, `grant ${commands} on ${table} to ${quoteName(role)}`);
    }
    gaps.set(key, {
      ...gap,
      reason: `The role '${role}' is made outside the migrations, which grant it nothing: it is taken to have the commands that their policies for it name, and to reach nothing else.`,
    });
  }
}

interface NamedCommands {
  readonly table: string;
  readonly schema: string;
  readonly commands: string;
}

/** Per table, what policies for the role are written for; nothing where a privilege was given to it anywhere. */
async function namedCommands(sql: Sql, role: string): Promise<readonly NamedCommands[]> {
  const answer = await sql.query(
    `select t.oid::regclass::text as "table", quote_ident(n.nspname) as schema,
       string_agg(distinct case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete'
         else 'select, insert, update, delete' end, ', ') as commands
     from pg_policy p join pg_class t on t.oid = p.polrelid join pg_namespace n on n.oid = t.relnamespace, pg_roles r
     where r.rolname = $1 and r.oid = any (p.polroles)
       and not exists (
         select from pg_shdepend d where d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid and d.deptype = 'a'
           and d.dbid = (select oid from pg_database where datname = current_database())
       )
       and not exists (select from pg_auth_members m where m.member = r.oid)
     group by 1, 2 order by 1`,
    [role],
  );
  return answer.rows.map(row => ({
    table: String(row['table']),
    schema: String(row['schema']),
    commands: String(row['commands']),
  }));
}
