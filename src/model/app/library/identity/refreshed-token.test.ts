import { expect, test } from 'vitest';

import { show } from '../../fixtures/inline-app.ts';
import { prismaImports, tracePrisma } from '../../fixtures/prisma-app.ts';

function filterWith(found: string): string {
  const { queries } = tracePrisma({
    'lib/options.ts': `import prisma from '@/lib/prisma'; export const authOptions = { callbacks: {
      jwt: async ({ token, user, trigger, session }: any) => { if (user) token.user = user;
        if (trigger === 'update') { const fresh = await prisma.user.findUnique({ where: { id: ${found} } }); if (fresh) token.user = fresh; else return {}; }
        return token; },
      session: async ({ session, token }: any) => { session.user = { id: token.sub, ...token.user }; return session; } } };`,
    'app/api/documents/route.ts': `${prismaImports} export async function GET() { const session = await getServerSession(authOptions);
      if (!session) return new Response(null, { status: 401 });
      return Response.json(await prisma.document.findMany({ where: { team: { members: { some: { userId: session.user.id } } } } })); }`,
  });
  return show(queries.find(path => path.query.table === 'Document')?.query.where ?? { kind: 'true' });
}

test('a token that is refreshed from the user’s own row is theirs, from a row that an update named it is not', () => {
  expect(filterWith('token.sub')).toContain('exists User with User.id = ‹user.id›');
  expect(filterWith('session.id')).not.toContain('exists User with User.id = ‹user.id›');
});

test('the id that a callback takes from a claim of its own is who signed in', () => {
  const { queries } = tracePrisma({
    'lib/options.ts': `import prisma from '@/lib/prisma'; export const authOptions = { callbacks: {
      jwt: async ({ token, user }: any) => { if (user) token.profile = { id: user.id }; return token; },
      session: async ({ session, token }: any) => { session.user = token.profile; return session; } } };`,
    'app/api/documents/route.ts': `${prismaImports} export async function GET() { const session = await getServerSession(authOptions);
      if (!session) return new Response(null, { status: 401 });
      return Response.json(await prisma.document.findMany({ where: { team: { members: { some: { userId: session.user.id } } } } })); }`,
  });
  const where = show(queries.find(path => path.query.table === 'Document')?.query.where ?? { kind: 'true' });
  expect(where).toContain('‹user.id›');
  expect(where).not.toContain('claims');
});
