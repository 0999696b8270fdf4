import { expect, test } from 'vitest';

import { show } from '../../fixtures/inline-app.ts';
import { prismaImports, tracePrisma } from '../../fixtures/prisma-app.ts';

function filterOf(file: string): string {
  const [path] = tracePrisma({
    [file]: `${prismaImports} export default async function handle(req: NextApiRequest, res: NextApiResponse) {
      const { teamId } = req.query as { teamId: string };
      res.json(await prisma.document.findMany({ where: { teamId } })); }`,
  }).queries;
  return show(path?.query.where ?? { kind: 'false' });
}

test('a parameter of the URL is always there in a pages/api route', () => {
  expect(filterOf('pages/api/teams/[teamId]/documents.ts')).toBe('self.teamId = client query.teamId');
});

test('a parameter of the query string may be missing in a pages/api route', () => {
  expect(filterOf('pages/api/documents.ts')).toBe('maybe self.teamId = client query.teamId');
});
