import { plainName, quotedText } from './sql-text.ts';
import type { SessionCode } from './session-code.ts';
import type { MembershipTable } from './sql/options.ts';

/** What `lib/guard.ts` says. */
export interface GuardFileOptions {
  readonly membership: MembershipTable;
  /** How it learns who is signed in, where the app's library is known. */
  readonly session: SessionCode | undefined;
  /** Whether code that stays with postgres.js needs the rules by themselves. */
  readonly exportsPolicy: boolean;
  /** Whether entry points ask for a tenant by its key. */
  readonly exportsInTenant: boolean;
}

/** The text of `lib/guard.ts`. */
export function guardFile({ membership, session, exportsPolicy, exportsInTenant }: GuardFileOptions): string {
  const looksUp = session !== undefined && !session.tenant;
  const rules = [
    `membership: { table: '${membership.table}', user: '${membership.user}', tenant: '${membership.tenant}' },`,
    ...(session === undefined
      ? []
      : [looksUp ? 'resolve: async () => scopeOfRequest(pool),' : 'resolve: scopeOfRequest,']),
  ];
  const policy = exportsPolicy
    ? `
/** Who belongs to which tenant, and who asks. */
export const policy = {
${rules.map(rule => `  ${rule}`).join('\n')}
};
`
    : '';
  const given = exportsPolicy ? ['...policy,', 'admin,'] : [...rules.slice(0, 1), 'admin,', ...rules.slice(1)];
  return `${importsOf(session, exportsInTenant).join('\n')}

/** For work across tenants, inside of \`asAdmin\` only. */
const admin = rolePool(process.env.ADMIN_DATABASE_URL, 4);
${policy}
/** Every statement travels with who is asking; Postgres keeps the rows of other tenants back. */
export function openPool(config: PoolConfig): Pool {
  const pool = guardPool(config, {
${given.map(each => `    ${each}`).join('\n')}
  });
  return pool.on('error', passOver);
}

/** A pool without the guard, for a role of its own. */
export function rolePool(connectionString: string | undefined, max: number): Pool {
  return new Pool({ connectionString, max }).on('error', passOver);
}

/** An idle connection that is lost must not end the process; the next query opens another. */
function passOver(): void {}
${session === undefined ? '' : whoAsks(session, membership)}${exportsInTenant ? inTenant : ''}`;
}

function importsOf(session: SessionCode | undefined, exportsInTenant: boolean): readonly string[] {
  const pg = ["import { guardPool } from '@drydock/guard/pg';"];
  if (session === undefined) return [...pg, "import { Pool, type PoolConfig } from 'pg';"];
  return [
    "import { AsyncLocalStorage } from 'node:async_hooks';",
    guardImport(session, exportsInTenant),
    ...pg,
    `import { ${session.adapter}, type Session, type SessionRequest } from '@drydock/guard/session';`,
    ...session.imports,
    "import { Pool, type PoolConfig } from 'pg';",
    "import { cache } from 'react';",
  ];
}

function guardImport({ tenant }: SessionCode, exportsInTenant: boolean): string {
  const names = [...(exportsInTenant ? ['asTenant'] : []), ...(tenant ? [] : ['asUser'])];
  return names.length === 0
    ? "import type { Scope } from '@drydock/guard';"
    : `import { ${names.join(', ')}, type Scope } from '@drydock/guard';`;
}

const inTenant = `
/** Work for whoever is signed in, in the tenant that the request names: who is no member of it is refused. */
export async function inTenant<T>(tenant: string | number, work: () => Promise<T>): Promise<T> {
  const who = await whoAsks();
  return who === undefined ? work() : asTenant({ user: who.user, tenant: String(tenant) }, work);
}
`;

function whoAsks({ lines, tenant }: SessionCode, membership: MembershipTable): string {
  const [first = '', ...rest] = lines;
  return `
/** Who is signed in. */
export async function session(request: SessionRequest): Promise<Session | undefined> {
  // Asked for when it is needed: what signs users in may itself need a pool.
  ${[first, ...rest].join('\n  ')}
}

/** While the session is looked up nobody is asking: what needs rows for it takes a pool of its own. */
const looking = new AsyncLocalStorage<boolean>();

/** Looked up once for each render. */
const whoAsks = cache(async () => {
  const { headers } = await import('next/headers');
  return looking.run(true, async () => session({ headers: await headers() }));
});

${tenant ? '' : onlyTenant(membership)}/** ${tenant ? 'The tenant chosen in the session' : "The user's only tenant"}, where a route did not say another one. Without a session: nobody. */
async function scopeOfRequest(${tenant ? '' : 'pool: Pool'}): Promise<Scope | undefined> {
  if (looking.getStore() === true) return undefined;
  const who = await whoAsks();
  if (who === undefined) return undefined;
${tenant ? '  const { tenant } = who;' : '  const tenant = await onlyTenant(pool, who.user);'}
  return tenant === undefined ? { mode: 'user', user: who.user } : { mode: 'tenant', user: who.user, tenant };
}
`;
}

/** The session names no tenant: who belongs to one alone works in it, and who belongs to several says which. */
function onlyTenant({ table, user, tenant }: MembershipTable): string {
  const text = `select ${plainName(tenant)} as tenant from ${table.split('.').map(plainName).join('.')} where ${plainName(user)} = $1 limit 2`;
  return `/** The tenant of somebody who belongs to one alone. */
const onlyTenant = cache(async (pool: Pool, user: string): Promise<string | undefined> => {
  const { rows } = await asUser(user, async () =>
    pool.query<{ tenant: string | number | null }>(${quotedText(text)}, [user]),
  );
  const [only, ...others] = rows;
  return only === undefined || only.tenant === null || others.length > 0 ? undefined : String(only.tenant);
});

`;
}
