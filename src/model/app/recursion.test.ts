import { expect, test } from 'vitest';

import { show } from './fixtures/inline-app.ts';
import { prismaImports, tracePrisma } from './fixtures/prisma-app.ts';

const logged = Array.from({ length: 30 }, (_, index) => `console.log(redact(req.body.part${index}, 'a'));`).join(' ');

test('a function that calls itself for every part is cut, told, and what comes after it followed', () => {
  const { queries, model } = tracePrisma({
    'pages/api/documents/[id].ts': `${prismaImports}
      function redact(value: any, depth: string): any {
        if (typeof value === 'string') return value;
        return { left: redact(value.left, depth + 'l'), right: redact(value.right, depth + 'r'), rest: redact(value.rest, depth + 'x') };
      }
      export default async function handle(req: NextApiRequest, res: NextApiResponse) {
        ${logged}
        const document = await prisma.document.findUnique({ where: { id: req.query.id } });
        return res.status(200).json(document);
      }`,
  });
  expect(model.gaps.map(gap => gap.reason)).toContain(`'redact' is called in more than 40 ways from one entry point.`);
  expect(queries.map(path => show(path.query.where))).toEqual(['self.id = client query.id']);
});
