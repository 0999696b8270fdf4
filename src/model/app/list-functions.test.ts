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

test('a field by its path is that field, and what a library answers may be either', () => {
  const rooms = (check: string): readonly string[] =>
    verdictsOnPrisma(
      schema,
      `import { get } from 'lodash-es'; import { Scanner } from 'scanner';
---
      const clubId = get(req, 'body.clubId', '');
      if (!clubId) return res.status(400).end();
      const seat = await prisma.seat.findFirst({ where: { userId, clubId } });
      if (!seat) return res.status(403).end();
      ${check}
      return res.json(await prisma.room.findMany({ where: { clubId: req.body.clubId } }));`,
    ).filter(line => line.startsWith('Room '));
  expect(rooms('')).toEqual(['Room read isolated scoped-by-membership']);
  const scanned = `const clean = text => { const fault = new Scanner().scan(text); return !Boolean(fault); };`;
  expect(rooms(`${scanned} if (!clean(req.body.text)) throw new Error('no');`)).toEqual([
    'Room read isolated scoped-by-membership',
  ]);
});

test('another field than the one that was checked says nothing', () => {
  const body = `import _ from 'lodash';
---
    const clubId = _.get(req.body, ['mine', 'clubId']);
    const seat = clubId && (await prisma.seat.findFirst({ where: { userId, clubId } }));
    if (!seat) return res.status(403).end();
    return res.json(await prisma.room.findMany({ where: { clubId: String(req.body.clubId) } }));`;
  expect(verdictsOnPrisma(schema, body).filter(line => line.startsWith('Room '))).toEqual([
    'Room read leaks unbound-object',
  ]);
});
