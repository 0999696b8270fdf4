import { expect, test } from 'vitest';

import { verdictsOnPrisma } from '../../judge/fixtures/judged-prisma.ts';

const schema = `
model User {
  id String @id
  seats Seat[]
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
  places Place[]
}
model Room {
  id String @id
  clubId String
  club Club @relation(fields: [clubId], references: [id])
  places Place[]
}
model Place {
  id String @id
  roomId String
  room Room @relation(fields: [roomId], references: [id])
  seatId String
  seat Seat @relation(fields: [seatId], references: [id])
}
`;

const ofRoom = `
  const room = await prisma.room.findFirst({
    where: { id: req.query.roomId, club: { seats: { some: { userId } } } },
    include: { club: { include: { seats: { select: { id: true } } } } },
  });
  if (!room) return res.status(404).end();
  const { seatIds } = z.object({ seatIds: z.array(z.string()).optional() }).parse(req.body);`;
const write = `await prisma.place.createMany({ data: ids.map(seatId => ({ id: 'x', roomId: room.id, seatId })) }); return res.status(200).end();`;
const places = (body: string, head = ''): readonly string[] =>
  verdictsOnPrisma(schema, `${head}\n---\n${ofRoom} ${body} ${write}`).filter(line => line.startsWith('Place '));

test('forEach that throws for one element has looked at every one, whether or not there is a list', () => {
  const check = `ids.forEach(id => { const seat = room.club.seats.find(each => each.id === id); if (!seat) throw new Error('no'); });`;
  expect(places(`const ids = seatIds || []; ${check}`)).toEqual(['Place insert isolated scoped-by-membership']);
  expect(places(`const ids = seatIds || [];`)).toContain('Place insert leaks foreign-key');
});

test('forEach that only returns for an element that is not there has looked at none', () => {
  const check = `ids.forEach(id => { const seat = room.club.seats.find(each => each.id === id); if (!seat) return; });`;
  expect(places(`const ids = seatIds || []; ${check}`)).toContain('Place insert leaks foreign-key');
});

test('an async callback of forEach fails too late', () => {
  const check = `ids.forEach(async id => { const seat = room.club.seats.find(each => each.id === id); if (!seat) throw new Error('no'); });`;
  expect(places(`const ids = seatIds || []; ${check}`)).toContain('Place insert leaks foreign-key');
});

test('each element once is every element; what was looked at of some is not known of the rest', () => {
  const check = (list: string): string =>
    `${list}.forEach(id => { if (!room.club.seats.some(each => each.id === id)) throw new Error('no'); });`;
  for (const [head, unique] of [
    [`import { unique } from 'remeda';`, 'unique'],
    [`import _ from 'lodash';`, '_.uniq'],
    [`import * as R from 'remeda';`, 'R.unique'],
    [`import uniq from 'lodash/uniq';`, 'uniq'],
  ]) {
    expect(places(`const ids = ${unique}(seatIds || []); ${check('ids')}`, head)).toEqual([
      'Place insert isolated scoped-by-membership',
    ]);
  }
  expect(places(`const ids = seatIds || []; ${check('R.take(ids, 1)')}`, `import * as R from 'remeda';`)).toContain(
    'Place insert leaks foreign-key',
  );
});
