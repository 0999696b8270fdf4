import { describe, expect, test } from 'vitest';

import { judgedApp } from './fixtures/judged-code.ts';

const schema = `
model User {
  id String @id
  email String @unique
  passwordHash String?
  notes Note[]
  boxes Box[]
}
model Note {
  id String @id
  title String
  userId String
  user User @relation(fields: [userId], references: [id])
}
model Box {
  id String @id
  address String
  userId String
  user User @relation(fields: [userId], references: [id])
}
model Change {
  id String @id
  email String
  token String @unique
}`;

const head = `import { createHash } from 'node:crypto'; import { Redis } from '@upstash/redis'; import { OAuth2Client } from 'google-auth-library';
  import { db } from '@/lib/db'; const redis = Redis.fromEnv(); const google = new OAuth2Client();
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');`;

/** How the queries on a table are judged in a route with this code. */
function judged(table: string, code: string): readonly string[] {
  const route = `${head} export async function POST(request: Request) { ${code} return Response.json({ ok: true }); }`;
  const paths = judgedApp(schema, { 'app/api/run/route.ts': route }).filter(path => path.sink.table === table);
  return [...new Set(paths.map(path => path.verdict))];
}

describe('what a store keeps', () => {
  const notes = (
    key: string,
  ) => `const token = request.headers.get('authorization'); const { key } = await request.json();
    const id = await redis.get<string>(${key}); if (!id) throw new Error('no');
    return Response.json(await db.note.findMany({ where: { userId: id } }));`;

  test('under the hash of the caller’s token is the caller’s, an id by itself too', () => {
    expect(judged('Note', notes('`token:${hash(token)}`'))).toEqual(['isolated']);
    expect(judged('Note', notes('`profile:${key}`'))).toEqual(['leaks']);
  });

  const change = (found: string) => `const { token, key } = await request.json();
    const row = await db.change.findUnique({ where: ${found} }); if (!row) throw new Error('no');
    const kept = await redis.get<{ boxId: string; email: string }>(\`change:\${row.token}\`); if (!kept) throw new Error('no');
    await db.box.update({ where: { id: kept.boxId }, data: { address: kept.email } });`;

  test('under the name of a row that a secret found is for whoever has the secret', () => {
    expect(judged('Box', change('{ token: hash(token) }'))).toEqual(['isolated']);
    expect(judged('Box', change('{ id: String(key) }'))).toEqual(['leaks']);
  });
});

test('a ticket of Google’s library says who asks, a body does not', () => {
  const forget = (address: string) => `const { credential, email } = await request.json();
    const ticket = await google.verifyIdToken({ idToken: credential }); const payload = ticket.getPayload(); if (!payload?.email) throw new Error('no');
    const user = await db.user.findUnique({ where: { email: ${address} } }); if (!user) throw new Error('no');
    await db.user.update({ where: { id: user.id }, data: { passwordHash: null } });`;
  expect(judged('User', forget('payload.email'))).toEqual(['isolated']);
  expect(judged('User', forget('email'))).toContain('leaks');
});
