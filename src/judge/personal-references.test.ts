import { expect, test } from 'vitest';

import { verdictsOnPrisma } from './fixtures/judged-prisma.ts';

const schema = `
model User {
  id String @id
  seats Seat[]
  sketches Sketch[]
  badge Badge?
}
model Club {
  id String @id
  seats Seat[]
  posts Post[]
}
model Seat {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
  clubId String
  club Club @relation(fields: [clubId], references: [id])
}
model Sketch {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
  posts Post[]
}
model Badge {
  id String @id
  userId String @unique
  user User @relation(fields: [userId], references: [id])
  posts Post[]
}
model Post {
  id String @id
  clubId String
  club Club @relation(fields: [clubId], references: [id])
  sketchId String?
  sketch Sketch? @relation(fields: [sketchId], references: [id])
  badgeId String?
  badge Badge? @relation(fields: [badgeId], references: [id])
}
`;

const inClub = `
  const { clubId, sketchId, badgeId } = req.body;
  const club = await prisma.club.findFirst({ where: { id: clubId, seats: { some: { userId } } } });
  if (!club) return res.status(404).end();`;
const write = (data: string): string =>
  `await prisma.post.create({ data: { id: 'x', clubId, ${data} } }); return res.end();`;
const posts = (body: string): readonly string[] =>
  verdictsOnPrisma(schema, body).filter(line => line.startsWith('Post '));

test('a row of one person that somebody else’s row refers to was asked for, or can be read by others', () => {
  const own = `if (sketchId) { const own = await prisma.sketch.findFirst({ where: { id: sketchId, userId } }); if (!own) return res.status(403).end(); }`;
  expect(posts(`${inClub} ${write('sketchId: sketchId ?? null')}`)).toContain('Post insert leaks foreign-key');
  expect(new Set(posts(`${inClub} ${own} ${write('sketchId: sketchId ?? null')}`))).toEqual(
    new Set(['Post insert isolated scoped-by-membership']),
  );
});

test('the one row that stands for a person may be named by others', () => {
  expect(posts(`${inClub} ${write('badgeId')}`)).toEqual(['Post insert isolated scoped-by-membership']);
});

test('a look-up whose value may be left out counts where the column must have one', () => {
  expect(posts(`${inClub} ${write('')}`)).toEqual(['Post insert isolated scoped-by-membership']);
  // Without a value the look-up finds any club of the caller's, and the list is of every club.
  const listed = `return res.json(await prisma.post.findMany({ where: { clubId } }));`;
  expect(posts(`${inClub} ${listed}`)).toEqual(['Post read leaks maybe-undefined']);
});
