import { expect, test } from 'vitest';

import { verdictsOnPrisma } from '../../judge/fixtures/judged-prisma.ts';

const schema = `
model User {
  id String @id
  notes Note[]
}
model Note {
  id String @id
  text String
  userId String
  user User @relation(fields: [userId], references: [id])
}
`;
const read = `return res.json(await prisma.note.findFirst({ where: { id: String(req.query.id) } }));`;
const notes = (body: string, head = ''): readonly string[] =>
  verdictsOnPrisma(schema, `${head}\n---\n${body}`).filter(line => line.startsWith('Note '));
const reached = ['Note read leaks client-id'];

test('a part of what a library gives may be there or not', () => {
  const head = `import { Sheet } from '@acme/sheets';`;
  expect(
    notes(`const sheet = await Sheet.load(req.body); if (sheet.isLocked) return res.status(400).end(); ${read}`, head),
  ).toEqual(reached);
  expect(
    notes(`const sheet = await Sheet.load(req.body); if (!sheet.isLocked) return res.status(400).end(); ${read}`, head),
  ).toEqual(reached);
});

test('work that fails is handled, and work that does not goes on with what it gives', () => {
  const head = `import { Sheet } from '@acme/sheets';`;
  const handled = (how: string): string =>
    `const sheet = await Sheet.load(req.body).catch(${how}); if (!sheet) return res.status(400).end(); ${read}`;
  expect(notes(handled('() => null'), head)).toEqual(reached);
  expect(notes(handled(`error => { throw new Error('no ' + error.message); }`), head)).toEqual(reached);
});

test('what is done before a schema looks makes what it sees', () => {
  const head = `const options = z.preprocess(value => (value ? value : { tags: [] }), z.object({ tags: z.array(z.string()) }));`;
  expect(notes(`const { tags } = options.parse(undefined); ${read}`, head)).toEqual(reached);
  const filled = `const own = z.preprocess(value => ({ userId: 'nobody', id: value }), z.object({ userId: z.string(), id: z.string() }));`;
  expect(
    notes(`return res.json(await prisma.note.findFirst({ where: { ...own.parse(req.query.id), userId } }));`, filled),
  ).toEqual(['Note read isolated scoped-by-session']);
  expect(notes(`const none = z.object({ tags: z.array(z.string()) }); none.parse(undefined); ${read}`)).toEqual([]);
});
