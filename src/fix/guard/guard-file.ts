import { posix } from 'node:path';
import type { MembershipTable } from './sql/options.ts';

/** What `lib/guard.ts` says. */
export interface GuardFileOptions {
  readonly file: string;
  readonly membership: MembershipTable;
  /** The file that makes better-auth, without its ending, where the app has it. */
  readonly betterAuth: string | undefined;
  /** Whether code that stays with postgres.js needs the rules by themselves. */
  readonly exportsPolicy: boolean;
}

/** The text of `lib/guard.ts`. */
export function guardFile({ file, membership, betterAuth, exportsPolicy }: GuardFileOptions): string {
  const { table, user, tenant } = membership;
  const rules = [
    `membership: { table: '${table}', user: '${user}', tenant: '${tenant}' },`,
    ...(betterAuth === undefined ? [] : ['resolve: scopeOfRequest,']),
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
  return `${betterAuth === undefined ? '' : "import type { Scope } from '@drydock/guard';\n"}import { guardPool } from '@drydock/guard/pg';
import { Pool, type PoolConfig } from 'pg';

/** For work across tenants, inside of \`asAdmin\` only. */
const admin = new Pool({ connectionString: process.env.ADMIN_DATABASE_URL, max: 4 });
${policy}
/** Every statement travels with who is asking; Postgres keeps the rows of other tenants back. */
export function openPool(config: PoolConfig): Pool {
  return guardPool(config, {
${given.map(each => `    ${each}`).join('\n')}
  });
}
${betterAuth === undefined ? '' : session(file, betterAuth)}`;
}

function session(file: string, betterAuth: string): string {
  return `
/** The tenant chosen in the session, where a route did not say another one. Without a session: nobody. */
async function scopeOfRequest(): Promise<Scope | undefined> {
  // Asked for when it is needed: the auth library must not be loaded before its own pool is.
  const [{ auth }, { headers }] = await Promise.all([import('${relativePath(file, betterAuth)}'), import('next/headers')]);
  const session = await auth.api.getSession({ headers: await headers() });
  if (!session) return undefined;
  const tenant: unknown = Reflect.get(session.session, 'activeOrganizationId');
  return typeof tenant === 'string' && tenant !== ''
    ? { mode: 'tenant', user: session.user.id, tenant }
    : { mode: 'user', user: session.user.id };
}
`;
}

/** How one file imports another that has no ending. */
export function relativePath(from: string, to: string): string {
  const path = posix.relative(posix.dirname(from), to);
  return path.startsWith('.') ? path : `./${path}`;
}
