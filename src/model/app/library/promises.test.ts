import { expect, test } from 'vitest';
import { prismaImports, tracePrisma } from '../fixtures/prisma-app.ts';
import { show, showFacts } from '../fixtures/inline-app.ts';

const middleware = (settle: string): string => `
  import { auth } from './session';
  const waitFor = (step: any) => (req: any, res: any) => new Promise<any>((resolve, reject) => { ${settle} });
  const signedIn = async (req: any, res: any, next: any) => {
    const session = await auth(req, res);
    if (!session) { res.status(401).end(); return; }
    return next(session);
  };
  export const requireSession = waitFor(signedIn);`;

function trace(settle: string): readonly string[] {
  const { queries } = tracePrisma({
    'lib/session.ts': `
      import { getServerSession } from 'next-auth/next';
      export const auth = (req: any, res: any) => getServerSession(req, res, {});`,
    'lib/wait.ts': middleware(settle),
    'pages/api/documents/mine.ts': `${prismaImports} import { requireSession } from '@/lib/wait';
      export default async function handle(req: NextApiRequest, res: NextApiResponse) {
        const session = await requireSession(req, res);
        return res.json(await prisma.member.findMany({ where: { userId: session.user.id } }));
      }`,
  });
  return queries.flatMap(path => [show(path.query.where), path.principal, ...showFacts(path.facts).slice(0, 1)]);
}

test('what a step hands on is what the promise around it becomes, with what held there', () => {
  const [where, principal] = trace(
    'step(req, res, (result: any) => result instanceof Error ? reject(result) : resolve(result));',
  );
  expect(where).toContain('‹user.id›');
  expect(principal).toBe('member');
});

test('a promise that a timer resolves as well says nothing of the session', () => {
  const [, principal] = trace('step(req, res, (result: any) => resolve(result)); setTimeout(resolve, 500);');
  expect(principal).toBe('anonymous');
});

test('a promise that another way resolves without asking says nothing of the session', () => {
  const [, principal] = trace(
    'if (req.query.quick) { resolve({ user: { id: req.query.id } }); return; } step(req, res, (result: any) => resolve(result));',
  );
  expect(principal).toBe('anonymous');
});

test('code after a pause is reached', () => {
  const { queries } = tracePrisma({
    'pages/api/documents/late.ts': `${prismaImports}
      export default async function handle(req: NextApiRequest, res: NextApiResponse) {
        await new Promise(resolve => setTimeout(resolve, 100));
        return res.json(await prisma.member.findMany({ where: { userId: req.query.id } }));
      }`,
  });
  expect(queries.map(path => show(path.query.where))).toEqual(['maybe self.userId = client query.id']);
});
