import { describe, expect, test } from 'vitest';

import { imports, onlyQuery, show, showFacts, traceApp } from '../../fixtures/inline-app.ts';
import type { QueryPath } from '../../types.ts';

/** The memberships that a route reads of `who`, after these lines. */
function memberships(
  imported: string,
  lines: string,
  who: string,
  files: Readonly<Record<string, string>> = {},
): QueryPath {
  return onlyQuery(
    `${imported} export async function GET(request: Request) { ${lines} return Response.json(await db.select().from(members).where(eq(members.userId, ${who}))); }`,
    'members',
    files,
  );
}

/** How libraries say who is signed in. */
const verified: readonly (readonly [name: string, imported: string, lines: string, who: string])[] = [
  [
    'Clerk, auth()',
    `import { auth } from '@clerk/nextjs/server';`,
    'const { userId } = await auth(); if (!userId) return new Response(null, { status: 401 });',
    'userId',
  ],
  [
    'Clerk, auth.protect()',
    `import { auth } from '@clerk/nextjs/server';`,
    'const { userId } = await auth.protect();',
    'userId',
  ],
  [
    'Clerk, getAuth(request)',
    `import { getAuth } from '@clerk/nextjs/server';`,
    'const { userId } = getAuth(request); if (!userId) notFound();',
    'userId',
  ],
  [
    'Clerk, currentUser()',
    `import { currentUser } from '@clerk/nextjs/server';`,
    'const user = await currentUser(); if (!user) notFound();',
    'user.id',
  ],
  [
    'NextAuth 4, getServerSession()',
    `import { getServerSession } from 'next-auth';`,
    'const session = await getServerSession({}); if (!session) notFound();',
    'session.user.id',
  ],
  [
    'NextAuth 4, getToken()',
    `import { getToken } from 'next-auth/jwt';`,
    'const token = await getToken({ req: request }); if (!token) notFound();',
    'token.sub',
  ],
  [
    'Lucia 3, validateSession()',
    `import { Lucia } from 'lucia'; import { cookies } from 'next/headers'; const lucia = new Lucia({});`,
    `const { session, user } = await lucia.validateSession((await cookies()).get('auth_session')?.value ?? ''); if (!session) notFound();`,
    'session.userId',
  ],
  [
    'iron-session',
    `import { getIronSession } from 'iron-session'; import { cookies } from 'next/headers';`,
    'const session = await getIronSession(await cookies(), { password: process.env.SESSION_PASSWORD!, cookieName: "s" }); if (!session.userId) notFound();',
    'session.userId',
  ],
  [
    'WorkOS, withAuth({ ensureSignedIn })',
    `import { withAuth } from '@workos-inc/authkit-nextjs';`,
    'const { user } = await withAuth({ ensureSignedIn: true });',
    'user.id',
  ],
  [
    'WorkOS, withAuth()',
    `import { withAuth } from '@workos-inc/authkit-nextjs';`,
    'const { user } = await withAuth(); if (!user) notFound();',
    'user.id',
  ],
  [
    'Kinde',
    `import { getKindeServerSession } from '@kinde-oss/kinde-auth-nextjs/server';`,
    'const { getUser } = getKindeServerSession(); const user = await getUser(); if (!user) notFound();',
    'user.id',
  ],
  [
    'Auth0 4',
    `import { Auth0Client } from '@auth0/nextjs-auth0/server'; const auth0 = new Auth0Client();`,
    'const session = await auth0.getSession(); if (!session) notFound();',
    'session.user.sub',
  ],
  [
    'Auth.js for Express',
    `import { getSession } from '@auth/express';`,
    'const session = await getSession(request, { providers: [] }); if (!session) notFound();',
    'session.user.id',
  ],
  [
    'Stack Auth',
    `import { StackServerApp } from '@stackframe/stack'; const stack = new StackServerApp({ tokenStore: 'nextjs-cookie' });`,
    `const user = await stack.getUser({ or: 'redirect' });`,
    'user.id',
  ],
  [
    'Firebase, verifyIdToken()',
    `import { getAuth } from 'firebase-admin/auth';`,
    `const token = await getAuth().verifyIdToken(request.headers.get('authorization')!);`,
    'token.uid',
  ],
  [
    'jose, jwtVerify()',
    `import { jwtVerify } from 'jose'; import { cookies } from 'next/headers';`,
    `const { payload } = await jwtVerify((await cookies()).get('s')!.value, new TextEncoder().encode(process.env.JWT_SECRET));`,
    'payload.sub',
  ],
  [
    'better-auth as the server of OAuth, verifyAccessToken()',
    `import { oauthProviderResourceClient } from '@better-auth/oauth-provider/resource-client'; const resource = oauthProviderResourceClient({});`,
    `const claims = await resource.getActions().verifyAccessToken(request.headers.get('authorization')!, {});`,
    'claims.sub',
  ],
  [
    'jsonwebtoken, verify()',
    `import jwt from 'jsonwebtoken';`,
    `const claims = jwt.verify(request.headers.get('authorization')!, process.env.JWT_SECRET!);`,
    'claims.sub',
  ],
];

/** What looks the same and verifies nothing. */
const believed: readonly (readonly [name: string, imported: string, lines: string, who: string])[] = [
  [
    'jose, decodeJwt()',
    `import { decodeJwt } from 'jose';`,
    `const claims = decodeJwt(request.headers.get('authorization')!);`,
    'claims.sub',
  ],
  [
    'jsonwebtoken, decode()',
    `import jwt from 'jsonwebtoken';`,
    `const claims = jwt.decode(request.headers.get('authorization')!);`,
    'claims.sub',
  ],
  [
    'jsonwebtoken, verify() without a secret',
    `import jwt from 'jsonwebtoken';`,
    `const claims = jwt.verify(request.headers.get('authorization')!, '');`,
    'claims.sub',
  ],
  [
    'jsonwebtoken, verify() that allows no signature',
    `import jwt from 'jsonwebtoken';`,
    `const claims = jwt.verify(request.headers.get('authorization')!, process.env.JWT_SECRET!, { algorithms: ['HS256', 'none'] });`,
    'claims.sub',
  ],
  [
    'jwt-decode',
    `import { jwtDecode } from 'jwt-decode';`,
    `const claims = jwtDecode(request.headers.get('authorization')!);`,
    'claims.sub',
  ],
  [
    'a plain cookie',
    `import { cookies } from 'next/headers';`,
    `const store = await cookies();`,
    `store.get('user_id')!.value`,
  ],
  [
    'metadata that users write themselves',
    `import { currentUser } from '@clerk/nextjs/server';`,
    'const user = await currentUser(); if (!user) notFound();',
    'user.unsafeMetadata.memberOf',
  ],
];

describe('who is signed in', () => {
  test.each(verified)('%s', (_name, imported, lines, who) => {
    const path = memberships(imported, lines, who);
    expect(show(path.query.where)).toBe('self.user_id = ‹user.id›');
    expect(path.principal).toBe('member');
  });

  test.each(believed)('%s is what the caller says', (_name, imported, lines, who) => {
    expect(show(memberships(imported, lines, who).query.where)).toMatch(/^self\.user_id = client /);
  });
});

describe('sessions that the app makes itself', () => {
  const authJs = (callbacks: string): Readonly<Record<string, string>> => ({
    'lib/nextauth.ts': `import NextAuth from 'next-auth'; import Google from 'next-auth/providers/google'; ${imports} export const { auth, handlers } = NextAuth({ providers: [Google], callbacks: { ${callbacks} } });`,
  });
  const route = `import { auth } from '@/lib/nextauth';`;
  const query = 'const session = await auth(); if (!session) notFound();';

  test('a callback copies the verified token into the session', () => {
    const files = authJs('session({ session, token }) { session.user.key = token.sub; return session; }');
    expect(show(memberships(route, query, 'session.user.key', files).query.where)).toBe('self.user_id = ‹user.id›');
  });

  test('what a browser sends to update its session is its own choice', () => {
    const files = authJs(
      `jwt({ token, trigger, session }) { if (trigger === 'update') token.key = session.key; return token; }, session({ session, token }) { session.user.key = token.key; return session; }`,
    );
    expect(show(memberships(route, query, 'session.user.key', files).query.where)).toContain(
      'client session update.key',
    );
  });

  test('what a callback wrote into the token at sign-in is the principal’s, wherever it was from', () => {
    const files = authJs(
      `async jwt({ token, trigger, account }) { if (trigger === 'signIn' && account?.provider === 'club') { const known = await adapter.byAccount(account.providerAccountId); token.sub = known!.id; } return token; }, async session({ session, token }) { if (token && session) session.user.id = token.sub; return session; }`,
    );
    const path = memberships(route, query, 'session.user.id', files);
    expect(show(path.query.where)).toBe('self.user_id = ‹user.id›');
  });

  test('auth(handler) gives the handler a request with the session', () => {
    const path = onlyQuery(
      `${route} export const GET = auth(async request => { if (!request.auth) return new Response(null, { status: 401 }); return Response.json(await db.select().from(members).where(eq(members.userId, request.auth.user.id))); });`,
      'members',
      authJs(''),
    );
    expect(show(path.query.where)).toBe('self.user_id = ‹user.id›');
    expect(path.principal).toBe('member');
  });

  test('a field that users of better-auth may write gives no tenant; one that they may not does not come from them', () => {
    const files = (input: string): Readonly<Record<string, string>> => ({
      'lib/own-auth.ts': `import { betterAuth } from 'better-auth'; export const auth = betterAuth({ user: { additionalFields: { teamId: { type: 'string'${input} } } } });`,
    });
    const body = `import { auth } from '@/lib/own-auth'; export async function GET(request: Request) { const session = await auth.api.getSession({ headers: request.headers }); if (!session) notFound(); return Response.json(await db.select().from(notes).where(eq(notes.teamId, session.user.teamId))); }`;
    expect(show(onlyQuery(body, 'notes', files('')).query.where)).toBe('self.team_id = client user.teamId');
    expect(show(onlyQuery(body, 'notes', files(', input: false')).query.where)).toBe('self.team_id = ‹user.teamId›');
  });

  test('a session of the app’s own making keeps what its maker verified', () => {
    const files = {
      'lib/own-auth.ts': `import { betterAuth } from 'better-auth'; import { customSession } from 'better-auth/plugins'; export const auth = betterAuth({ plugins: [customSession(async ({ user, session }) => ({ user, session, person: { key: user.id } }))] });`,
    };
    const path = memberships(
      `import { auth } from '@/lib/own-auth';`,
      'const session = await auth.api.getSession({ headers: request.headers }); if (!session) notFound();',
      'session.person.key',
      files,
    );
    expect(show(path.query.where)).toBe('self.user_id = ‹user.id›');
  });
});

describe('permissions', () => {
  test('of the organisation that was asked about, and of no other', () => {
    const path = onlyQuery(
      `import { auth } from '@/lib/auth'; export async function GET(request: Request) { const { organizationId, other } = await request.json(); const { success } = await auth.api.hasPermission({ headers: request.headers, body: { organizationId, permissions: { note: ['read'] } } }); if (!success) notFound(); return Response.json(await db.select().from(notes).where(eq(notes.teamId, other))); }`,
    );
    const held = path.facts.filter(fact => fact.holds.kind === 'member').map(fact => fact.holds);
    expect(held).toEqual([{ kind: 'member', tenant: { kind: 'client', path: 'body.organizationId' } }]);
  });

  test('a role asked of Clerk holds in the active organisation', () => {
    const path = memberships(
      `import { auth } from '@clerk/nextjs/server';`,
      `const { userId, has } = await auth(); if (!userId || !has({ role: 'org:admin' })) notFound();`,
      'userId',
    );
    expect(showFacts(path.facts)).toContain('role org:admin');
  });

  test('a team that the user’s own list has is one of theirs', () => {
    const path = onlyQuery(
      `import { StackServerApp } from '@stackframe/stack'; const stack = new StackServerApp({}); export async function GET(request: Request) { const user = await stack.getUser({ or: 'throw' }); const id = new URL(request.url).searchParams.get('team')!; const team = await user.getTeam(id); if (!team) notFound(); return Response.json(await db.select().from(notes).where(eq(notes.teamId, team.id))); }`,
    );
    expect(showFacts(path.facts)).toContain('member');
  });
});

test('functions that a plugin was given run in the routes of the library, not where the plugin is made', () => {
  const traced = traceApp({
    'lib/own-auth.ts': `import { betterAuth } from 'better-auth'; import { magicLink } from 'better-auth/plugins'; import { eq } from 'drizzle-orm'; import { db } from './db'; import { notes } from './schema';
      export const makeAuth = () => betterAuth({ plugins: [magicLink({ sendMagicLink: async ({ url }) => { const found = await db.select().from(notes).where(eq(notes.id, new URL(url).searchParams.get('note'))); await fetch(url, { body: found[0].title }); } })] });`,
    'app/api/auth/[...all]/route.ts': `import { toNextJsHandler } from 'better-auth/next-js'; import { makeAuth } from '@/lib/own-auth'; export const { GET, POST } = toNextJsHandler(makeAuth());`,
    'pages/api/sign-in/[...all].ts': `import { toNodeHandler } from 'better-auth/node'; import { makeAuth } from '@/lib/own-auth'; const own = toNodeHandler(makeAuth().handler); export default async (req, res) => own(req, res);`,
    'app/api/open/route.ts': `import { makeAuth } from '@/lib/own-auth'; export async function GET() { makeAuth(); return Response.json({}); }`,
  });
  expect([...new Set(traced.queries.map(path => path.entryPoint.name))].toSorted()).toEqual([
    'ANY /api/sign-in/[...all]',
    'GET /api/auth/[...all]',
    'POST /api/auth/[...all]',
  ]);
});
