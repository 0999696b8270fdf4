import { expect, test } from 'vitest';
import { prismaImports, tracePrisma } from './fixtures/prisma-app.ts';
import { show, traceApp } from './fixtures/inline-app.ts';

test('a client that a map on the global object keeps under its name is that client', () => {
  const { queries } = tracePrisma({
    'lib/kept.ts': `
      import { PrismaClient } from '@prisma/client';
      function remember(name: string, make: () => any) {
        const holder = globalThis as any;
        if (!holder.kept) holder.kept = new Map();
        if (!holder.kept.has(name)) holder.kept.set(name, make());
        return holder.kept.get(name);
      }
      export const other = remember('other', () => ({ document: 1 }));
      export const kept = remember('prisma', () => new PrismaClient());`,
    'pages/api/documents/[id].ts': `${prismaImports} import { kept } from '@/lib/kept';
      export default async function handle(req: NextApiRequest, res: NextApiResponse) {
        return res.status(200).json(await kept.document.findUnique({ where: { id: req.query.id } }));
      }`,
  });
  expect(queries.map(path => show(path.query.where))).toEqual(['self.id = client query.id']);
});

test('a query of a method that was bound stands where its chain begins', () => {
  const [path] = traceApp({
    'lib/routed.ts': `import { db } from './db'; export const routed = { get select() { return db.select.bind(db); } };`,
    'app/api/notes/route.ts': `import { routed } from '@/lib/routed'; import { notes } from '@/lib/schema';
      export async function GET() {
        const rows = await routed
          .select()
          .from(notes);
        return Response.json(rows);
      }`,
  }).queries;
  expect(path?.place.line).toBe(3);
});
