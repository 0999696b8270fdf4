import { expect, test } from 'vitest';
import { show } from './fixtures/inline-app.ts';
import { prismaImports, tracePrisma } from './fixtures/prisma-app.ts';

function written(rows: string): readonly string[] {
  const { queries } = tracePrisma({
    'pages/api/versions.ts': `${prismaImports}
      export default async function handle(req: NextApiRequest, res: NextApiResponse) {
        const rows = ${rows};
        await prisma.version.createMany({ data: rows });
        return res.end();
      }`,
  });
  return queries.map(path =>
    path.query.values
      .map(({ column, value }) => show({ kind: 'is-null', term: value }).replace(' is null', '') + ` as ${column}`)
      .join(', '),
  );
}

test('lists that a callback returns are joined to one', () => {
  expect(
    written('req.body.groups.flatMap((group: any) => group.ids.map((id: string) => ({ documentId: id, number: 1 })))'),
  ).toEqual(['client body.groups.[].ids.[] as documentId, 1 as number']);
});

test('items of literal lists stay as they are, and what is no list is an item', () => {
  expect(written('[1, 2].flatMap(number => [{ documentId: req.body.id, number }])')[0]).toContain(
    'client body.id as documentId',
  );
  expect(written('req.body.ids.flatMap((id: string) => ({ documentId: id, number: 1 }))')).toEqual([
    'client body.ids.[] as documentId, 1 as number',
  ]);
});
