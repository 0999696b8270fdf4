import { expect, test } from 'vitest';

import { verdictsOnPrisma } from '../../judge/fixtures/judged-prisma.ts';

const schema = `
model User {
  id String @id
  seats Seat[]
}
model Club {
  id String @id
  name String
  seats Seat[]
  rooms Room[]
}
model Seat {
  id String @id
  role String
  userId String
  user User @relation(fields: [userId], references: [id])
  clubId String
  club Club @relation(fields: [clubId], references: [id])
}
model Room {
  id String @id
  clubId String
  club Club @relation(fields: [clubId], references: [id])
}
`;

const stores: Readonly<Record<string, string>> = {
  redis: `import { Redis } from '@upstash/redis'; export const store = Redis.fromEnv();`,
  memory: `import { LRUCache } from 'lru-cache'; export const store = new LRUCache({ max: 500 });`,
  map: `export const store = new Map();`,
};

const find = `const seat = await prisma.seat.findFirst({ where: { userId, clubId }, select: { role: true } });`;
const helper = (key: string, put = 'await store.set(key, seat?.role ?? null);'): string => `
  export async function roleOf(userId, clubId) {
    const key = ${key};
    const known = await store.get(key);
    if (known != null) return known;
    ${find}
    ${put}
    return seat?.role ?? null;
  }`;
const byBoth = '`seat:${userId}:${clubId}`';

/** Rooms of a club are read by who has a seat there, as a helper says that keeps what it found. */
function ask(text: string, store = 'redis'): readonly string[] {
  return verdictsOnPrisma(
    schema,
    `import { roleOf } from '@/lib/roles';
---
     const clubId = String(req.query.club);
     const role = await roleOf(userId, clubId);
     if (!role) return res.status(403).end();
     return res.json(await prisma.room.findMany({ where: { clubId } }));`,
    {
      'lib/store.ts': stores[store] ?? '',
      'lib/roles.ts': `import { prisma } from './prisma'; import { store } from './store'; ${text}`,
    },
  ).filter(line => line.startsWith('Room '));
}

test('a hit under a key of the caller and the thing is what the query gave for both', () => {
  for (const store of Object.keys(stores))
    expect(ask(helper(byBoth), store)).toEqual(['Room read isolated scoped-by-membership']);
});

test('a hit under a key without the caller says who asked before', () => {
  for (const store of Object.keys(stores)) expect(ask(helper('`seat:${clubId}`'), store).join()).toContain('leaks');
});

test('a hit under a key without the thing says nothing of it', () => {
  expect(ask(helper('`seat:${userId}`')).join()).toContain('leaks');
});

test('what is put there as a text, or by a helper, is the same', () => {
  const asText = `
    const read = async key => { const text = await store.get(key); return text ? JSON.parse(text) : null; };
    const keep = async (key, value) => { await store.set(key, JSON.stringify(value), { ex: 60 }); };
    export async function roleOf(userId, clubId) {
      const key = ${byBoth};
      const known = await read(key);
      if (known) return known;
      ${find}
      if (!seat) return null;
      await keep(key, seat.role);
      return seat.role;
    }`;
  expect(ask(asText)).toEqual(['Room read isolated scoped-by-membership']);
  expect(ask(asText.replace(byBoth, '`seat:${clubId}`')).join()).toContain('leaks');
});

test('a helper that is given what to compute keeps what that gives', () => {
  const remember = (key: string): string => `
    async function remember(key, compute) {
      const known = await store.get(key);
      if (known !== null) return known;
      const value = await compute();
      if (value) await store.setex(key, 60, value);
      return value;
    }
    export const roleOf = (userId, clubId) => remember(${key}, async () => { ${find} return seat?.role ?? null; });`;
  expect(ask(remember(byBoth))).toEqual(['Room read isolated scoped-by-membership']);
  expect(ask(remember('`seat:${clubId}`')).join()).toContain('leaks');
});

test('what is put under another key is not what was looked up', () => {
  const put = 'await store.set(`role:${userId}:${clubId}`, seat?.role ?? null);';
  expect(ask(helper(byBoth, put)).join()).toContain('leaks');
});

/** A room is changed by whoever has it among those that a helper lists and keeps before it knows them. */
function change(key: string, seats = 'where: { userId }', get = '.get(key)'): string {
  return verdictsOnPrisma(
    schema,
    `import { roomsOf } from '@/lib/rooms';
---
     const id = String(req.query.room);
     const mine = await roomsOf(userId);
     if (!mine.some(room => room.id === id)) return res.status(403).end();
     return res.json(await prisma.room.update({ where: { id }, data: { id } }));`,
    {
      'lib/rooms.ts': `import NodeCache from 'node-cache'; import { prisma } from './prisma';
        const cache = new NodeCache({ stdTTL: 15, useClones: false });
        export async function roomsOf(userId) {
          const key = ${key};
          const known = cache${get};
          if (known) return known;
          const pending = (async () => {
            try {
              const seats = await prisma.seat.findMany({ ${seats} });
              if (seats.length === 0) return [];
              return await prisma.room.findMany({ where: { clubId: { in: seats.map(seat => seat.clubId) } } });
            } catch { cache.del(key); return []; }
          })();
          cache.set(key, pending);
          return pending;
        }`,
    },
  )
    .filter(line => line.startsWith('Room update'))
    .join();
}

test('a list that is kept before it is there is the caller’s where its key is', () => {
  expect(change('`rooms:${userId}`')).toBe('Room update isolated scoped-by-membership');
  expect(change(`'rooms'`)).not.toContain('isolated');
  expect(change('`rooms:${userId}`', '')).toContain('leaks');
  expect(change('`rooms:${userId}`', 'where: { userId }', `.get('other:' + userId)`)).not.toContain('isolated');
});
