import { expect, test } from 'vitest';

import { verdictsOnPrisma } from './fixtures/judged-prisma.ts';

const schema = `
model User {
  id String @id
  seats Seat[]
  rooms Room[]
}
model Club {
  id String @id
  seats Seat[]
  rooms Room[]
}
model Seat {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
  clubId String
  club Club @relation(fields: [clubId], references: [id])
}
model Room {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
  clubId String
  club Club @relation(fields: [clubId], references: [id])
}
`;

const rooms = (body: string): readonly string[] =>
  verdictsOnPrisma(schema, body).filter(line => line.startsWith('Room '));
const club = `const club = await prisma.club.findFirst({ where: { id: String(req.query.club), seats: { some: { userId } } } });
  if (!club) return res.status(404).end();`;
const read = (where: string): string =>
  `return res.json(await prisma.room.findFirst({ where: { id: String(req.query.id), ${where} } }));`;

test('alternatives that are added on a condition are all looked at', () => {
  const either = `const or = [{ userId }]; if (req.query.shared) or.push({ clubId: club.id });`;
  expect(rooms(`${club} ${either} ${read('OR: or')}`)).toEqual(['Room read isolated scoped-by-membership']);
  const open = `const or = [{ userId }]; if (req.query.shared) or.push({ clubId: String(req.query.shared) });`;
  expect(rooms(`${club} ${open} ${read('OR: or')}`)).toEqual(['Room read leaks client-id']);
});

test('conditions that are added on a condition tie nothing where they are not added', () => {
  const must = `const and = [{ userId }]; if (req.query.shared) and.push({ clubId: club.id });`;
  expect(rooms(`${club} ${must} ${read('AND: and')}`)).toEqual(['Room read isolated scoped-by-session']);
  const may = `const and = [{ id: { not: 'x' } }]; if (req.query.mine) and.push({ userId });`;
  expect(rooms(`${club} ${may} ${read('AND: and')}`)).toEqual(['Room read leaks maybe-undefined']);
});

test('a list of alternatives that may be absent ties nothing', () => {
  const or = `const or = req.query.all ? undefined : [{ userId }];`;
  expect(rooms(`${or} ${read('OR: or')}`)).toEqual(['Room read leaks maybe-undefined']);
});
