import type { AuthLibrary } from './auth-library.ts';
import { tenantNames } from './tenant-names.ts';
import type { GuardedApp } from './app.ts';
import type { MembershipTable } from './sql/options.ts';

/** How `lib/guard.ts` learns who is signed in. */
export interface SessionCode {
  /** The adapter's name in `@drydock/guard/session`. */
  readonly adapter: string;
  /** The body of the function that gives the session, as lines. */
  readonly lines: readonly string[];
  readonly imports: readonly string[];
  /** Whether the session can name a tenant. */
  readonly tenant: boolean;
  readonly notes: readonly string[];
}

/** How the app keeps who belongs to which tenant. */
export interface KeptMembers {
  readonly membership: MembershipTable;
  /** The types of the two ids in it. */
  readonly types: { readonly tenant: string; readonly user: string };
}

/** The code for the app's library; the membership table tells what the app calls a tenant. */
export function sessionCode(app: GuardedApp, library: AuthLibrary, members: KeptMembers): SessionCode | undefined {
  const tenantColumn = members.membership.tenant;
  const lazy = (name: string, file: string): string =>
    `const { ${name} } = await import('${app.set.specifierFor(app.guardFile, file)}');`;
  const plain = { imports: [], notes: [] };
  switch (library.kind) {
    case 'better-auth': {
      const { file, name } = library;
      return {
        ...plain,
        adapter: 'fromBetterAuth',
        lines: [lazy(name, file), `return fromBetterAuth(${name})(request);`],
        tenant: true,
      };
    }
    case 'clerk':
      return {
        ...plain,
        adapter: 'fromClerk',
        lines: ["const { auth } = await import('@clerk/nextjs/server');", 'return fromClerk(auth)(request);'],
        tenant: isText(members.types.tenant),
        notes: clerksIds(members),
      };
    case 'auth-js':
    case 'next-auth':
      return authJs(app, library, tenantColumn, lazy);
    case 'supabase': {
      const { file, name } = library;
      const note =
        "Say where the team of a user is: fromSupabase(…, { tenant: metadata => … }) in the guard's file gets app_metadata.";
      const lines = [lazy(name, file), `return fromSupabase(() => ${name}())(request);`];
      return { ...plain, adapter: 'fromSupabase', lines, tenant: false, notes: [note] };
    }
    case 'own': {
      const { file, name, user, tenant } = library;
      const picked = tenant === undefined ? '' : `, tenant: found.${tenant.join('.')}`;
      return {
        ...plain,
        adapter: 'fromCustom',
        lines: [
          lazy(name, file),
          'return fromCustom(async () => {',
          `  const found = await ${name}();`,
          `  return found ? { user: found.${user.join('.')}${picked} } : undefined;`,
          '})(request);',
        ],
        tenant: tenant !== undefined,
      };
    }
    case 'iron-session': {
      const user = fieldOf(library.fields, ['userId', 'user_id', 'uid', 'userID', 'accountId', 'sub']);
      if (user === undefined) return undefined;
      const tenant = fieldOf(library.fields, tenantNames(tenantColumn));
      const picked = tenant === undefined ? '' : `, tenant: data.${tenant}`;
      return {
        ...plain,
        adapter: 'fromIronSession',
        lines: [
          lazy(library.name, library.file),
          `return fromIronSession(() => ${library.name}(), data => ({ user: data.${user}${picked} }))(request);`,
        ],
        tenant: tenant !== undefined,
      };
    }
  }
}

/** Clerk's ids are text: a column of another type keeps ids of the app's own, which the session does not name. */
function clerksIds({ membership: { table, user, tenant }, types }: KeptMembers): readonly string[] {
  const own = (what: string, column: string, type: string): string =>
    `Clerk names ${what}, and '${table}.${column}' is ${type}: `;
  return [
    ...(isText(types.user)
      ? []
      : [`${own("users 'user_…'", user, types.user)}look the app's own id up in session() of the guard's file.`]),
    ...(isText(types.tenant)
      ? []
      : [`${own("organizations 'org_…'", tenant, types.tenant)}a user's only tenant is taken, or what a route names.`]),
  ];
}

function isText(type: string): boolean {
  return /^(?:text|character varying|varchar|citext)/.test(type);
}

type Named = Extract<AuthLibrary, { readonly file: string; readonly name: string }>;

function authJs(
  app: GuardedApp,
  { kind, file, name }: Named,
  tenantColumn: string,
  lazy: (name: string, file: string) => string,
): SessionCode {
  const path = tenantPath(app, tenantColumn);
  const options = [
    ...(kind === 'next-auth' ? [name === 'authOptions' ? name : `authOptions: ${name}`] : []),
    ...(path === undefined ? [] : [`tenant: ${tenantText(path)}`]),
  ];
  const given = options.length === 0 ? '' : `, { ${options.join(', ')} }`;
  const asked = kind === 'auth-js' ? name : 'getServerSession';
  const text = app.texts.read(file) ?? '';
  return {
    adapter: 'fromAuthJs',
    imports: kind === 'auth-js' ? [] : ["import { getServerSession } from 'next-auth/next';"],
    lines: [lazy(name, file), `return fromAuthJs(${asked}${given})(request);`],
    tenant: path !== undefined,
    notes:
      /\bsession\s*[:(]\s*(?:async\s*)?\(?\s*\{|\bsession\(/.test(text) && /user\.id|\.sub\b|user:\s*\{/.test(text)
        ? []
        : [
            `'${file}' puts no id of the user into the session, and Auth.js does not by itself: callbacks: { session: ({ session, token }) => ({ ...session, user: { ...session.user, id: token.sub } }) }.`,
          ],
  };
}

/** Where the app itself reads the tenant from a session: `session.user.teamId`. */
function tenantPath(app: GuardedApp, column: string): readonly string[] | undefined {
  const names = tenantNames(column).join('|');
  const pattern = new RegExp(`\\bsession[?!]?\\.((?:user[?!]?\\.)?(?:${names}))\\b`);
  for (const file of app.set.files) {
    const found = pattern.exec(app.texts.read(file) ?? '')?.[1];
    if (found !== undefined) return found.replaceAll(/[?!]/g, '').split('.');
  }
  return undefined;
}

function tenantText(path: readonly string[]): string {
  const last = path.at(-1) ?? '';
  return path.length === 1
    ? `found => (found as { ${last}?: string }).${last}`
    : `found => (found as { user?: { ${last}?: string } }).user?.${last}`;
}

function fieldOf(fields: readonly string[], names: readonly string[]): string | undefined {
  return names.find(name => fields.includes(name));
}
