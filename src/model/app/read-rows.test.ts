import { expect, test } from 'vitest';

import { show, showFacts } from './fixtures/inline-app.ts';
import { prismaImports, tracePrisma } from './fixtures/prisma-app.ts';
import type { QueryPath } from './types.ts';

function trace(body: string): readonly QueryPath[] {
  return tracePrisma({
    'pages/api/teams/[teamId]/copy.ts': `${prismaImports} export default async function handle(req: NextApiRequest, res: NextApiResponse) {
      const session = await getServerSession(req, res, authOptions); if (!session) return res.status(401).end();
      const { teamId } = req.query as { teamId: string }; const userId = session.user.id; ${body} }`,
  }).queries;
}

test('a row whose column a later query uses was read, wherever the value went in between', () => {
  const [, copy] =
    trace(`const documents = await prisma.document.findMany({ where: { teamId, team: { members: { some: { userId } } } } });
    const rows: any[] = []; documents.forEach(document => { rows.push({ documentId: document.id, number: 1 }); });
    await prisma.version.createMany({ data: rows }); return res.status(200).end();`);
  expect(copy?.query.table).toBe('Version');
  expect(showFacts(copy?.facts ?? []).filter(fact => fact.startsWith('row of Document'))).toEqual([
    'row of Document with (Document.teamId = client query.teamId and exists Team with (Team.id = Document.teamId and exists Member with (Member.teamId = Team.id and Member.userId = ‹user.id›)))',
  ]);
});

test('one of several rows tells nothing of either', () => {
  const paths =
    trace(`const mine = await prisma.document.findFirstOrThrow({ where: { teamId, team: { members: { some: { userId } } } } });
    const any = await prisma.document.findMany({ where: { id: req.body.id } });
    const id = req.body.own ? mine.id : any[0]?.id ?? mine.id;
    await prisma.version.delete({ where: { id } }); return res.status(200).end();`);
  const removed = paths.find(path => path.query.operation === 'delete');
  expect(show(removed?.query.where ?? { kind: 'true' })).toContain('one-of');
  expect(showFacts(removed?.facts ?? []).filter(fact => fact.includes('client body.id'))).toEqual([]);
});

test('a row that is found by one of two values says what was read for each', () => {
  const { queries } = tracePrisma({
    'lib/options.ts': `import prisma from '@/lib/prisma';
      export const authOptions = { callbacks: {
        async jwt({ token }: any) {
          const known = await prisma.user.findFirst({ where: { email: token?.email } });
          if (!known) return token;
          return { ...token, profile: { id: known.id } };
        },
        async session({ session, token }: any) { session.user.id = token?.id; session.user = token.profile; return session; },
      } };`,
    'pages/api/roles/[teamId].ts': `${prismaImports} export default async function handle(req: NextApiRequest, res: NextApiResponse) {
      const session = await getServerSession(req, res, authOptions); if (!session?.user) return res.status(401).end();
      const user = await prisma.user.findUniqueOrThrow({ where: { id: session.user.id } });
      const member = await prisma.member.findFirstOrThrow({ where: { teamId: req.query.teamId, userId: user.id } });
      return res.status(200).json(member.role); }`,
  });
  const member = queries.find(path => path.query.table === 'Member');
  const users = showFacts(member?.facts ?? []).filter(fact => fact.startsWith('row of User'));
  expect(users.join()).toContain('exists User with');
});

test('a caught error is no place for a row', () => {
  const [path] =
    trace(`try { const document = await prisma.document.findUnique({ where: { id: req.body.id } }); if (document) throw new Error('taken'); }
    catch (error) { return res.status(500).json({ message: (error as Error).message }); } return res.status(200).end();`);
  expect(path?.escapes).toBe(false);
  const [returned] =
    trace(`try { const document = await prisma.document.findUnique({ where: { id: req.body.id } }); res.json(document); }
    catch (error) { return res.status(500).json({ message: (error as Error).message }); }`);
  expect(returned?.escapes).toBe(true);
});

test('a row of which only fields are asked about stays inside, and one whose field is used does not', () => {
  const escapes = (use: string): boolean | undefined =>
    trace(`const document = await prisma.document.findUnique({ where: { id: req.body.id } });
      ${use} return res.status(200).json(await elsewhere());`)[0]?.escapes;
  expect(escapes(`if (document?.archived) return res.status(409).end();`)).toBe(false);
  expect(escapes(`if (!document || document.teamId !== teamId) return res.status(409).end();`)).toBe(false);
  expect(escapes(`if (document?.teamId === teamId) return res.status(409).json({ name: document.name });`)).toBe(true);
  expect(escapes(`const shown = document && document.teamId; notify(shown);`)).toBe(true);
});
