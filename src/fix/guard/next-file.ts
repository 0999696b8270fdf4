import type { GuardedApp } from './app.ts';
import { isExported } from './databases.ts';
import type { Database } from './databases.ts';
import type { NewFile } from './auth-pool.ts';
import { plainName, quotedText } from './sql-text.ts';
import type { MembershipTable } from './sql/options.ts';

/** What `lib/guard-next.ts` is written from. */
export interface NextFileOptions {
  readonly app: GuardedApp;
  readonly database: Database | undefined;
  readonly membership: MembershipTable & { readonly role?: string };
  readonly types: { readonly tenant: string; readonly user: string };
  /** Whether the session can name a tenant. */
  readonly sessionTenant: boolean;
}

/** Where the guards of routes, actions and pages are; nowhere without a database that they can ask. */
export function nextFileOf(app: GuardedApp, database: Database | undefined): string | undefined {
  if (database === undefined || !isExported(app, database.variable)) return undefined;
  return app.guardFile.replace(/guard\.ts$/, 'guard-next.ts');
}

/** `lib/guard-next.ts`: the guards of routes, actions and pages, where the app's library and database are known. */
export function nextFile(options: NextFileOptions): NewFile | undefined {
  const { app, database, sessionTenant, membership } = options;
  const file = nextFileOf(app, database);
  if (database === undefined || file === undefined) return undefined;
  const isDefault = database.variable.name === 'default';
  const name = isDefault ? 'db' : database.variable.name;
  const from = app.set.specifierFor(file, database.variable.file);
  const look = lookup(database.kind, name, options);
  const source = sessionTenant ? 'tenantFromSession' : 'tenantFromParam';
  const sql = database.kind === 'drizzle' ? "import { sql } from 'drizzle-orm';\n" : '';
  const wraps = app.entryNeeds.has('tenantRoute');
  const text = `import { guardNext, ${source}${wraps ? ', type TenantSource' : ''} } from '@drydock/guard/next';
${sql}import ${isDefault ? name : `{ ${name} }`} from '${from}';
import { session } from './guard';

/** Who is calling, for which tenant, in which role: asked before any of your code runs. */
export const { guardRoute, guardAction, guardPage, guardApi } = guardNext({
  session,
  tenant: ${sessionTenant ? `${source}(),` : `${source}('${paramOf(app, membership.tenant)}'),`}
  membership: async ({ user, tenant }) => {
${look.map(line => `    ${line}`).join('\n')}
  },
});
${wraps ? tenantRoute : ''}`;
  return { file, text };
}

const tenantRoute = `
/** A route handler with what Next.js gives it: nothing of it runs for somebody who is no member of the tenant. */
export function tenantRoute<Call extends Request, Params extends object>(
  options: { readonly name: string; readonly tenant: TenantSource },
  handler: (request: Call, context: { params: Promise<Params> }) => Response | Promise<Response>,
) {
  return (request: Call, context: { params: Promise<Params> }): Promise<Response> =>
    guardRoute(options, () => handler(request, context))(request, {
      params: context.params.then(params => Object.fromEntries(Object.entries(params))),
    });
}
`;

function lookup(kind: Database['kind'], name: string, { membership, types }: NextFileOptions): readonly string[] {
  const { table, user, tenant, role } = membership;
  const shape = role === undefined ? '{ found: number }' : '{ role: string | null }';
  const selected = role === undefined ? '1 as found' : role === 'role' ? 'role' : `${plainName(role)} as role`;
  const head = `select ${selected} from ${table.split('.').map(plainName).join('.')}`;
  const where = (first: string, second: string): string =>
    `where ${plainName(user)} = ${first}${cast(types.user)} and ${plainName(tenant)} = ${second}${cast(types.tenant)}`;
  const found = role === undefined ? 'rows[0] && {}' : 'rows[0]';
  switch (kind) {
    case 'drizzle':
      return [
        `const { rows } = await ${name}.execute<${shape}>(sql\``,
        `  ${head}`,
        `  ${where('${user}', '${tenant}')}`,
        '`);',
        `return ${found};`,
      ];
    case 'prisma':
      return [
        `const rows = await ${name}.$queryRaw<${shape}[]>\``,
        `  ${head}`,
        `  ${where('${user}', '${tenant}')}`,
        '`;',
        `return ${found};`,
      ];
    case 'pg':
    case 'postgres-js':
      return [
        `const { rows } = await ${name}.query<${shape}>(`,
        `  ${quotedText(`${head} ${where('$1', '$2')}`)},`,
        '  [user, tenant],',
        ');',
        `return ${found};`,
      ];
  }
}

/** An untyped value finds its type by the column; Prisma says that its values are text. */
function cast(type: string): string {
  return /^(?:text|character varying|varchar|citext)/.test(type) ? '' : `::${type}`;
}

/** The part of a path by which the app names a tenant: `team` of `app/teams/[team]`. */
function paramOf(app: GuardedApp, column: string): string {
  const word = column.replace(/_?ids?$/i, '').replace(/Id$/, '');
  const names = app.set.files.flatMap(file => [...file.matchAll(/\[(\w+)\]/g)].map(match => match[1] ?? ''));
  return names.find(name => name.toLowerCase().startsWith(word.toLowerCase())) ?? word;
}
