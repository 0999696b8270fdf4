import { expect, test } from 'vitest';

import { verdictsOnPrisma } from '../../judge/fixtures/judged-prisma.ts';

const schema = `
model User {
  id String @id
  seats Seat[]
}
model Club {
  id Int @id
  slug String @unique
  seats Seat[]
  rooms Room[]
}
model Seat {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
  clubId Int
  club Club @relation(fields: [clubId], references: [id])
}
model Room {
  id String @id
  clubId Int
  club Club @relation(fields: [clubId], references: [id])
}
`;

/** Rooms are deleted by the club's id after the club was looked for by whatever `reference` is. */
const rooms = (clubId: string): readonly string[] =>
  verdictsOnPrisma(
    schema,
    `const clubId = ${clubId};
     const findClub = (reference: number | string) => prisma.club.findFirst({ where: {
       id: typeof reference === 'number' ? reference : undefined,
       slug: typeof reference === 'string' ? reference : undefined,
       seats: { some: { userId } } } });
     if (!(await findClub(clubId))) return res.status(404).end();
     await prisma.room.deleteMany({ where: { clubId } }); return res.status(200).end();`,
  ).filter(line => line.startsWith('Room '));

test('what a schema lets through is of its type', () => {
  expect(rooms(`z.object({ clubId: z.number() }).parse(req.body).clubId`)).toEqual([
    'Room delete isolated scoped-by-membership',
  ]);
  expect(rooms(`z.coerce.number().parse(req.query.club)`)).toEqual(['Room delete isolated scoped-by-membership']);
  expect(rooms(`Number(req.query.club)`)).toEqual(['Room delete isolated scoped-by-membership']);
});

test('a text finds the club by another column, which says nothing of the id', () => {
  expect(rooms(`z.object({ clubId: z.string() }).parse(req.body).clubId`)).toEqual(['Room delete leaks client-id']);
});

test('what may be of either type is looked for by either column', () => {
  expect(rooms(`req.body.clubId`).join()).toContain('Room delete leaks');
  expect(rooms(`z.object({ clubId: z.number().nullable() }).parse(req.body).clubId`).join()).toContain('leaks');
  expect(rooms(`JSON.parse(z.string().parse(req.body.club))`).join()).toContain('leaks');
});

test('a test of the type holds where it was passed', () => {
  expect(rooms(`req.body.clubId; if (typeof clubId !== 'number') return res.status(400).end()`)).toEqual([
    'Room delete isolated scoped-by-membership',
  ]);
});
