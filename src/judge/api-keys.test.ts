import { expect, test } from 'vitest';

import { judgedApp } from './fixtures/judged-code.ts';

const schema = `
model User {
  id String @id
  members Member[]
}
model Team {
  id String @id
  slug String @unique
  members Member[]
  keys ApiKey[]
  sites Site[]
  notes Note[]
  seats Seat[]
  leads Lead[]
}
model Seat {
  id String @id
  licenseKey String
  licenseName String
  teamId String?
  team Team? @relation(fields: [teamId], references: [id])
}
model Member {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
  teamId String
  team Team @relation(fields: [teamId], references: [id])
}
model ApiKey {
  id String @id
  key String @unique
  name String @unique
  teamId String
  team Team @relation(fields: [teamId], references: [id])
}
model Site {
  id String @id
  publishableKey String @unique
  teamId String
  team Team @relation(fields: [teamId], references: [id])
}
model Lead {
  id String @id
  name String
  seen Int
  teamId String
  team Team @relation(fields: [teamId], references: [id])
}
model Note {
  id String @id
  teamId String
  team Team @relation(fields: [teamId], references: [id])
}`;

/** The verdicts on notes of a route that has `key`, and looks something up by it. */
function notes(key: string, found: string, asked = 'teamId: found.teamId'): readonly string[] {
  const route = `
    import { db } from '@/lib/db';
    export async function GET(request: Request) {
      const key = ${key};
      if (!key) return new Response(null, { status: 401 });
      const found = ${found};
      if (!found) return new Response(null, { status: 401 });
      return Response.json(await db.note.findMany({ where: { ${asked} } }));
    }`;
  return judgedApp(schema, { 'app/api/notes/route.ts': route })
    .filter(path => path.sink.table === 'Note')
    .map(path => `${path.verdict} ${path.reason}`);
}

const byKey = `await db.apiKey.findUnique({ where: { key } })`;
const known = ['isolated capability'];
const unknown = ['leaks no-authentication'];

test('whoever sends a key that is kept as it is, where programs send their keys, is known by it', () => {
  for (const key of [
    `request.headers.get('x-api-key')`,
    `request.headers.get('authorization')?.replace('Bearer ', '')`,
    `request.headers.get('Authorization')?.split(' ')[1]`,
    `request.headers.get('authorization')?.slice(7).trim()`,
    `new URL(request.url).searchParams.get('api_key')`,
  ])
    expect(notes(key, byKey), key).toEqual(known);
});

test('a key says nothing of the tenant that is named beside it', () => {
  const named = `teamId: request.headers.get('x-team-id') ?? ''`;
  expect(notes(`request.headers.get('x-api-key')`, byKey, named)).toEqual(['leaks client-id']);
});

test('a name, a key that stands in every page, and a key where programs send none prove nothing', () => {
  const header = `request.headers.get('x-api-key')`;
  expect(notes(header, `await db.apiKey.findUnique({ where: { name: key } })`)).toEqual(unknown);
  expect(notes(header, `await db.team.findUnique({ where: { slug: key } })`, 'teamId: found.id')).toEqual(unknown);
  expect(notes(header, `await db.site.findUnique({ where: { publishableKey: key } })`)).toEqual(unknown);
  expect(notes(`new URL(request.url).searchParams.get('key')`, byKey)).toEqual(unknown);
});

test('what was made for a licence is of whoever has its key, and of nobody who has its name', () => {
  const seats = (column: string): readonly string[] =>
    judgedApp(schema, {
      'app/api/seats/route.ts': `import { db } from '@/lib/db';
        export async function GET(request: Request) {
          const sent = new URL(request.url).searchParams.get('licence');
          if (!sent) return new Response(null, { status: 404 });
          return Response.json(await db.seat.findMany({ where: { ${column}: sent } }));
        }`,
    }).map(path => `${path.verdict} ${path.reason}`);
  expect(seats('licenseKey')).toEqual(known);
  expect(seats('licenseName')).toEqual(unknown);
});

test('a key that stands in pages is there to add something for its tenant, and not to read or change what is there', () => {
  const leads = (work: string): readonly string[] =>
    judgedApp(schema, {
      'app/api/leads/route.ts': `import { db } from '@/lib/db';
        export async function POST(request: Request) {
          const sent = request.headers.get('authorization')?.replace('Bearer ', ''); const { id, name, teamId } = await request.json();
          if (!sent) return new Response(null, { status: 401 });
          const site = await db.site.findUnique({ where: { publishableKey: sent } });
          if (!site) return new Response(null, { status: 401 });
          ${work} return new Response(null);
        }`,
    })
      .filter(path => path.sink.table === 'Lead')
      .map(path => `${path.verdict} ${path.reason}`);
  expect(leads(`await db.lead.create({ data: { name, seen: 1, teamId: site.teamId } });`)).toEqual([
    'public publishable-key',
  ]);
  expect(
    leads(`await db.lead.update({ where: { id, teamId: site.teamId }, data: { seen: { increment: 1 } } });`),
  ).toEqual(['public publishable-key']);
  expect(leads(`await db.lead.create({ data: { name, seen: 1, teamId } });`)).toEqual(unknown);
  expect(leads(`await db.lead.update({ where: { id, teamId: site.teamId }, data: { name } });`)).toEqual(unknown);
  expect(leads(`await db.lead.deleteMany({ where: { teamId: site.teamId } });`)).toEqual(unknown);
  expect(leads(`return Response.json(await db.lead.findMany({ where: { teamId: site.teamId } }));`)).toEqual(unknown);
});
