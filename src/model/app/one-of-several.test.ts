import { describe, expect, test } from 'vitest';

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
  keys ApiKey[]
}
model Seat {
  id String @id
  role String
  userId String
  user User @relation(fields: [userId], references: [id])
  clubId String
  club Club @relation(fields: [clubId], references: [id])
}
model ApiKey {
  id String @id
  publicKey String @unique
  hashedSecret String
  fastHash String? @unique
  level String
  clubId String
  club Club @relation(fields: [clubId], references: [id])
}
model Room {
  id String @id
  clubId String
  club Club @relation(fields: [clubId], references: [id])
}
`;

const keys = `
  import bcrypt from 'bcryptjs'; import crypto from 'node:crypto'; import { z } from 'zod';
  import { Redis } from '@upstash/redis';
  import { prisma } from './prisma';
  const store = Redis.fromEnv();
  const hashOf = text => crypto.createHash('sha256').update(text).digest('hex');
  const byHash = text => prisma.apiKey.findUnique({ where: { fastHash: hashOf(text) } });
  export async function keyOf(text) {
    const key = await byHash(text);
    if (!key) throw new Error('no key');
    return key;
  }`;

/** What is said of the rooms that a handler reads or makes, with these helpers. */
function rooms(body: string, helpers = ''): readonly string[] {
  return verdictsOnPrisma(schema, `import { keyOf, auth } from '@/lib/keys';\n---\n${body}`, {
    'lib/keys.ts': `${keys} ${helpers}`,
  }).filter(line => line.startsWith('Room '));
}

const make = 'await prisma.room.create({ data: { clubId: who.clubId } });';

describe('the owner of a new row that is one of several', () => {
  const either = (otherwise: string): string => `
    const who = req.headers.authorization ? await keyOf(req.headers.authorization) : await prisma.seat.findFirst(${otherwise});
    if (!who) return res.status(401).end();
    ${make}`;

  test('is the caller’s where each is: of the key, or of the session', () => {
    expect(rooms(either('{ where: { userId } }'))).toEqual(['Room insert isolated capability']);
  });

  test('is anybody’s where one is', () => {
    expect(rooms(either('{ where: { id: req.body.seat } }')).join()).toContain('leaks');
    expect(rooms(either('{ where: { role: "owner" } }')).join()).toContain('leaks');
  });

  test('is the caller’s by the new hash of a key or by the old one', () => {
    const auth = (compare: string): string => `
      export async function auth(header) {
        const [name, secret] = atob(header.split(' ')[1]).split(':');
        let key = await byHash(secret);
        if (!key) {
          const old = await prisma.apiKey.findUnique({ where: { publicKey: name } });
          if (!old) throw new Error('no key');
          ${compare}
          key = old;
        }
        return key;
      }`;
    const body = `const who = await auth(req.headers.authorization); ${make}`;
    const compare = "if (!(await bcrypt.compare(secret, old.hashedSecret))) throw new Error('no key');";
    expect(rooms(body, auth(compare))).toEqual(['Room insert isolated capability']);
    expect(rooms(body, auth('')).join()).toContain('leaks');
  });
});

describe('a cache that keeps a row or a constant under one key', () => {
  const cached = (test: string): string => `
    const NOTHING = 'no-such-key';
    const Kept = z.union([z.object({ id: z.string(), clubId: z.string() }), z.literal(NOTHING)]);
    async function known(hash) {
      const text = await store.get('key:' + hash);
      if (!text) return null;
      const kept = Kept.safeParse(JSON.parse(text));
      return kept.success ? kept.data : null;
    }
    export async function auth(header) {
      const hash = hashOf(header);
      const kept = await known(hash);
      ${test}
      if (kept) return kept;
      const key = await prisma.apiKey.findUnique({ where: { fastHash: hash } });
      await store.set('key:' + hash, JSON.stringify(key ?? NOTHING));
      if (!key) throw new Error('no key');
      return key;
    }`;
  const read =
    'const who = await auth(req.headers.authorization); res.json(await prisma.room.findMany({ where: { clubId: who.clubId } }));';

  test('gives the row where the constant is refused by its name', () => {
    expect(rooms(read, cached("if (kept === NOTHING) throw new Error('no key');"))).toEqual([
      'Room read isolated capability',
    ]);
  });

  test('gives another’s row where the key is no secret', () => {
    const bare = cached("if (kept === NOTHING) throw new Error('no key');").replace(
      'const hash = hashOf(header)',
      'const hash = header',
    );
    const open = bare.replace('where: { fastHash: hash }', 'where: { publicKey: hash }');
    expect(rooms(read, open).join()).toContain('leaks');
  });
});

describe('a level that is one of a list', () => {
  const auth = `
    async function credential(header) {
      if (header.startsWith('Basic ')) return { level: 'full', key: await keyOf(header) };
      return { level: 'limited', key: await prisma.apiKey.findUnique({ where: { publicKey: header } }) };
    }
    export async function auth(header, levels) {
      const found = await credential(header);
      if (!found.key || !levels.includes(found.level)) throw new Error('no');
      return found.key;
    }`;
  const read = (levels: string): string =>
    `const who = await auth(req.headers.authorization, ${levels}); res.json(await prisma.room.findMany({ where: { clubId: who.clubId } }));`;

  test('leaves what came with it', () => {
    expect(rooms(read("['full']"), auth)).toEqual(['Room read isolated capability']);
  });

  test('leaves all that it names', () => {
    expect(rooms(read("['full', 'limited']"), auth).join()).toContain('leaks');
    expect(rooms(read("['limited']"), auth).join()).toContain('leaks');
  });
});

describe('a field that only some of the alternatives have', () => {
  test('is not there where the value is a text', () => {
    const find = `
      export async function auth(header) {
        const kept = header === 'none' ? 'nobody' : await keyOf(header);
        return { clubId: kept.clubId };
      }`;
    const body = `
      const who = await auth(req.headers.authorization);
      if (!who.clubId) return res.status(401).end();
      return res.json(await prisma.room.findMany({ where: { clubId: who.clubId } }));`;
    expect(rooms(body, find)).toEqual(['Room read isolated capability']);
    expect(rooms(body.replace(/if .*/, ''), find).join()).toContain('leaks');
  });
});
