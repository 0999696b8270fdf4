import { describe, expect, test } from 'vitest';

import { judgedApp } from './fixtures/judged-code.ts';

const schema = `
model User {
  id String @id
  trips Trip[]
}
model Trip {
  id String @id
  title String
  userId String
  user User @relation(fields: [userId], references: [id])
  stops Stop[]
}
model Stop {
  id String @id
  place String
  tripId String
  trip Trip @relation(fields: [tripId], references: [id])
}`;

const check = `if (trip.userId !== session.user.id) return Response.json({}, { status: 403 });`;
const make = `await db.trip.create({ data: { id, title: body.title, userId: session.user.id } });`;

/** How the paths on a table are judged in a route that finds a trip by the client's id, or makes it. */
function judged(table: string, found: string, missing: string, rest: string): readonly string[] {
  const route = `import { headers } from 'next/headers'; import { db } from '@/lib/db'; import { auth } from '@/lib/auth';
    export async function POST(request: Request) {
      const session = await auth.api.getSession({ headers: await headers() });
      if (!session) return Response.json({}, { status: 401 });
      const body = await request.json(); const id = String(body.id); const other = String(body.other);
      const trip = await db.trip.findUnique({ where: { id } });
      if (trip) { ${found} } else ${missing}
      ${rest} return Response.json({ ok: true }); }`;
  return judgedApp(schema, { 'app/api/trips/route.ts': route })
    .filter(path => path.sink.table === table)
    .map(path => `${path.sink.operation} ${path.verdict}`);
}

const read = `const stops = await db.stop.findMany({ where: { tripId: id } }); return Response.json(stops);`;
const write = `await db.stop.create({ data: { id: body.stopId, place: body.place, tripId: id } });`;

describe('a row that is found or made by the client’s id', () => {
  test('is the caller’s when the one that was there is theirs', () => {
    expect(judged('Stop', check, `{ ${make} }`, read)).toEqual(['read isolated']);
    expect(judged('Stop', check, `{ ${make} }`, write)).toEqual(['insert isolated']);
    expect(judged('Stop', check, `if (body.isNew) { ${make} }`, write)).toEqual(['insert isolated']);
  });

  test('is anybody’s when the one that was there is not asked about', () => {
    expect(judged('Stop', '', `{ ${make} }`, read)).toEqual(['read leaks']);
    expect(judged('Stop', '', `{ ${make} }`, write)).toContain('insert leaks');
    expect(judged('Stop', `if (body.strict) { ${check} }`, `{ ${make} }`, read)).toEqual(['read leaks']);
  });

  test('says nothing of another id', () => {
    expect(judged('Stop', check, `{ ${make} }`, read.replace('tripId: id', 'tripId: other'))).toEqual(['read leaks']);
    expect(judged('Stop', check, `{ ${make} }`, write.replace('tripId: id', 'tripId: other'))).toContain(
      'insert leaks',
    );
  });
});
