import { posix } from 'node:path';
import type { FileChange } from '../diff.ts';
import type { SourceTexts } from '../source/source-set.ts';
import type { MembershipTable } from './sql/options.ts';

/** What writing the guard into an app's own files needs to know. */
export interface AppFilesOptions {
  readonly texts: SourceTexts;
  readonly membership: MembershipTable;
  /** The file that makes better-auth, without its ending, where the app has it. */
  readonly betterAuth: string | undefined;
  /** Whether the app keeps its sources below `src`. */
  readonly folder: 'src/' | '';
}

/** The changes of the app's own files, and what is left to the developer. */
export interface AppFiles {
  readonly changes: readonly FileChange[];
  readonly notes: readonly string[];
}

/** `lib/guard.ts`, the client that uses its pool, `.env.example` and the dependency. */
export function appFiles(options: AppFilesOptions): AppFiles {
  const { texts, folder } = options;
  const guardFile = `${folder}lib/guard.ts`;
  const clients = texts.files.filter(file => isClient(file, texts.read(file) ?? ''));
  const changes = [
    { file: guardFile, before: texts.read(guardFile), after: guardText(options) },
    ...clients.map(file => clientChange(file, texts.read(file) ?? '', guardFile)),
    environmentChange(texts),
    packageChange(texts),
  ];
  return { changes: changes.filter(change => change.before !== change.after), notes: notesOf(texts, clients, options) };
}

const pool = /\bnew (?:pg\.)?Pool\(/;

/** A file of the app that makes a pool; scripts run as the owner, and the auth library keeps its own. */
function isClient(file: string, text: string): boolean {
  return (
    /\.[cm]?tsx?$/.test(file) &&
    !/(?:^|\/)(?:scripts|test|tests|seed)/.test(file) &&
    pool.test(text) &&
    /from ['"]pg['"]/.test(text)
  );
}

function clientChange(file: string, text: string, guardFile: string): FileChange {
  const statement = `import { openPool } from '${relativePath(file, guardFile.replace(/\.ts$/, ''))}';\n`;
  const after = `${statement}${text.replace(new RegExp(pool, 'g'), 'openPool(')}`;
  // The import goes behind directives such as 'use server', and `Pool` stays imported where it is a type too.
  const unused = !/\bPool\b/.test(after.replaceAll(/import[^;]*from ['"]pg['"];?\n?/g, ''));
  return {
    file,
    before: text,
    after: unused ? after.replace(/import (?:\{ Pool \}|pg|\{ Pool as \w+ \}) from ['"]pg['"];?\n/, '') : after,
  };
}

function relativePath(from: string, to: string): string {
  const path = posix.relative(posix.dirname(from), to);
  return path.startsWith('.') ? path : `./${path}`;
}

function guardText({ membership, betterAuth, folder }: AppFilesOptions): string {
  const { table, user, tenant } = membership;
  const session =
    betterAuth === undefined
      ? ''
      : `
/** The tenant chosen in the session, where a route did not say another one. Without a session: nobody. */
async function scopeOfRequest(): Promise<Scope | undefined> {
  // Asked for when it is needed: the auth library must not be loaded before its own pool is.
  const [{ auth }, { headers }] = await Promise.all([import('${relativePath(`${folder}lib/guard.ts`, betterAuth)}'), import('next/headers')]);
  const session = await auth.api.getSession({ headers: await headers() });
  if (!session) return undefined;
  const tenant: unknown = Reflect.get(session.session, 'activeOrganizationId');
  return typeof tenant === 'string' && tenant !== ''
    ? { mode: 'tenant', user: session.user.id, tenant }
    : { mode: 'user', user: session.user.id };
}
`;
  return `${betterAuth === undefined ? '' : "import type { Scope } from '@drydock/guard';\n"}import { guardPool } from '@drydock/guard/pg';
import { Pool, type PoolConfig } from 'pg';

/** For work across tenants, inside of \`asAdmin\` only. */
const admin = new Pool({ connectionString: process.env.ADMIN_DATABASE_URL, max: 4 });

/** Every statement travels with who is asking; Postgres keeps the rows of other tenants back. */
export function openPool(config: PoolConfig): Pool {
  return guardPool(config, {
    membership: { table: '${table}', user: '${user}', tenant: '${tenant}' },
    admin,${betterAuth === undefined ? '' : '\n    resolve: scopeOfRequest,'}
  });
}
${session}`;
}

function environmentChange(texts: SourceTexts): FileChange {
  const before = texts.read('.env.example');
  const after = `${before === undefined ? '' : `${before.trimEnd()}\n\n`}# Roles of the guard: DATABASE_URL is the app's own (app), which owns nothing. Migrations keep the owner's.
ADMIN_DATABASE_URL=postgres://app_admin:@127.0.0.1:5432/app
AUTH_DATABASE_URL=postgres://app_auth:@127.0.0.1:5432/app
OWNER_DATABASE_URL=
`;
  return { file: '.env.example', before, after: before?.includes('ADMIN_DATABASE_URL') === true ? before : after };
}

function packageChange(texts: SourceTexts): FileChange {
  const before = texts.read('package.json') ?? '{}';
  if (before.includes('"@drydock/guard"')) return { file: 'package.json', before, after: before };
  const after = before.replace(/("dependencies"\s*:\s*\{)(\s*)/, '$1$2"@drydock/guard": "^0.1.0",$2');
  return { file: 'package.json', before, after };
}

function notesOf(texts: SourceTexts, clients: readonly string[], { betterAuth }: AppFilesOptions): readonly string[] {
  const all = texts.files
    .filter(file => /\.[cm]?tsx?$/.test(file))
    .map(file => [file, texts.read(file) ?? ''] as const);
  const using = (name: RegExp): string | undefined => all.find(([, text]) => name.test(text))?.[0];
  const postgresJs = using(/from ['"]postgres['"]|drizzle-orm\/postgres-js/);
  const prisma = using(/new PrismaClient\(/);
  return [
    'Give the roles passwords (alter role app password …) and point DATABASE_URL at app, ADMIN_DATABASE_URL at app_admin.',
    'Run migrations as the owner: with OWNER_DATABASE_URL.',
    ...(postgresJs === undefined
      ? []
      : [
          `'${postgresJs}' uses postgres.js, on which a statement cannot carry its scope: change drizzle-orm/postgres-js to drizzle-orm/node-postgres, and postgres(url) to openPool({ connectionString: url }).`,
        ]),
    ...(prisma === undefined || clients.length > 0
      ? []
      : [
          `'${prisma}' makes a Prisma client: give it new PrismaClient({ adapter: new PrismaPg(openPool({ connectionString })) }).`,
        ]),
    ...(betterAuth === undefined
      ? ['Say who is asking: wrap what a request does in asTenant, or give guardPool a resolve.']
      : [
          `Give the auth library in '${betterAuth}' a pool of its own, new Pool({ connectionString: process.env.AUTH_DATABASE_URL }): it works before anybody is signed in.`,
        ]),
    'Wrap what runs outside of a request (cron, webhooks, cached functions, public links) in asSystem or asAdmin.',
  ];
}
