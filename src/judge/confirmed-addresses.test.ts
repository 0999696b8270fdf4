import { expect, test } from 'vitest';

import { verdictsOnPrisma } from './fixtures/judged-prisma.ts';

const schema = `
model User {
  id String @id
  email String @unique
  seats Seat[]
  rooms Room[]
}
model Club {
  id String @id
  seats Seat[]
  rooms Room[]
  mail ClubMail?
  letters ClubLetter[]
}
model ClubMail {
  clubId String @id
  club Club @relation(fields: [clubId], references: [id])
  email String @unique
}
model ClubLetter {
  id String @id
  clubId String
  club Club @relation(fields: [clubId], references: [id])
  email String
  token String @unique
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

/** Rooms are shown to their user, to the club, and to the club whose address is the user's. */
const rooms = (confirm: string): readonly string[] =>
  verdictsOnPrisma(
    schema,
    `const club = await prisma.club.findFirst({
       where: { id: String(req.query.club), seats: { some: { userId } } }, include: { mail: true } });
     if (!club) return res.status(404).end();
     const either = [{ userId }, { clubId: club.id }];
     if (club.mail) either.push({ user: { email: club.mail.email } });
     return res.json(await prisma.room.findFirst({ where: { id: String(req.query.id), OR: either } }));`,
    {
      'pages/api/confirm.ts': `import { prisma } from '@/lib/prisma';
        export default async function handler(req, res) { ${confirm} return res.status(200).end(); }`,
    },
  ).filter(line => line.startsWith('Room '));

test('an address that only a letter to it puts into a row is its owner’s word', () => {
  expect(
    rooms(`const letter = await prisma.clubLetter.findUnique({ where: { token: String(req.query.token) } });
      if (!letter) return res.status(404).end();
      await prisma.clubMail.create({ data: { clubId: letter.clubId, email: letter.email } });`),
  ).toEqual(['Room read isolated scoped-by-membership']);
});

test('an address that whoever likes puts there is nobody’s word', () => {
  expect(rooms(`await prisma.clubMail.create({ data: { clubId: req.body.club, email: req.body.email } });`)).toEqual([
    'Room read leaks client-id',
  ]);
  expect(
    rooms(`const letter = await prisma.clubLetter.findUnique({ where: { id: String(req.query.id) } });
      await prisma.clubMail.create({ data: { clubId: letter.clubId, email: letter.email } });`),
  ).toEqual(['Room read leaks client-id']);
  expect(rooms('')).toEqual(['Room read leaks client-id']);
});

test('one way that puts it there unasked is enough', () => {
  expect(
    rooms(`const letter = await prisma.clubLetter.findUnique({ where: { token: String(req.query.token) } });
      if (!letter) return res.status(404).end();
      await prisma.clubMail.create({ data: { clubId: letter.clubId, email: letter.email } });
      await prisma.clubMail.update({ where: { clubId: letter.clubId }, data: { email: req.body.email } });`),
  ).toEqual(['Room read leaks client-id']);
});
