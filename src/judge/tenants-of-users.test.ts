import { expect, test } from 'vitest';

import { judgedApp } from './fixtures/judged-code.ts';

const schema = `
model User {
  id String @id
  email String @unique
  defaultBand String?
  motto String?
  places Place[]
  tunes Tune[]
}
model Band {
  id String @id
  slug String @unique
  name String
  places Place[]
  plans Plan[]
  songs Song[]
  tunes Tune[]
}
model Tune {
  id String @id
  title String
  userId String
  user User @relation(fields: [userId], references: [id])
  bandId String
  band Band @relation(fields: [bandId], references: [id])
}
model Place {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
  bandId String
  band Band @relation(fields: [bandId], references: [id])
  @@unique([userId, bandId])
}
model Plan {
  id String @id
  kind String
  bandSlug String
  band Band @relation(fields: [bandSlug], references: [slug])
}
model Song {
  id String @id
  title String
  bandId String?
  band Band? @relation(fields: [bandId], references: [id])
  setId String?
  set Set? @relation(fields: [setId], references: [id])
}
model Set {
  id String @id
  bandId String
  songs Song[]
}`;

const head = `import { db } from '@/lib/db'; import { auth } from '@/lib/auth';
  async function me() { const session = await auth.api.getSession({ headers: {} as any }); if (!session) throw new Error('no'); return session.user; }`;

/** How the queries on a table are judged in a route with this code, and in another one with more. */
function judged(table: string, code: string, more = ''): readonly string[] {
  const route = (body: string) =>
    `${head} export async function POST(request: Request) { ${body} return Response.json({ ok: true }); }`;
  const files = {
    'app/api/band/route.ts': route(code),
    ...(more === '' ? {} : { 'app/api/me/route.ts': route(more) }),
  };
  const paths = judgedApp(schema, files).filter(
    path => path.sink.table === table && path.entryPoint.name.includes('/api/band'),
  );
  return [...new Set(paths.map(path => path.verdict))];
}

const own = (column: string) => `const { id } = await me(); const user = await db.user.findUnique({ where: { id } });
  return Response.json(await db.band.findUnique({ where: { slug: user.${column} } }));`;
const save = (check: string) => `const { id } = await me(); const { slug } = await request.json(); ${check}
  await db.user.update({ where: { id }, data: { defaultBand: slug } });`;

test('the tenant that the caller’s own row names is the caller’s, and no other text in it names one', () => {
  expect(judged('Band', own('defaultBand'))).toEqual(['isolated']);
  expect(judged('Band', own('motto'))).toEqual(['leaks']);
  const others = `await me(); const { id } = await request.json(); const user = await db.user.findUnique({ where: { id } });
    return Response.json(await db.band.findUnique({ where: { slug: user.defaultBand } }));`;
  expect(judged('Band', others)).toEqual(['leaks']);
});

test('it is not where anybody may write any tenant’s name into their row', () => {
  const place = `const place = await db.place.findFirst({ where: { userId: id, band: { slug } } }); if (!place) throw new Error('no');`;
  expect(judged('Band', own('defaultBand'), save(''))).toEqual(['leaks']);
  expect(judged('Band', own('defaultBand'), save(place))).toEqual(['isolated']);
  const whole = `const { id } = await me(); await db.user.update({ where: { id }, data: await request.json() });`;
  expect(judged('Band', own('defaultBand'), whole)).toEqual(['leaks']);
});

test('a tenant that a new row names by its slug is the one that was asked about by its slug', () => {
  const create = (slug: string) => `const { id } = await me(); const { slug, other } = await request.json();
    const band = await db.band.findUnique({ where: { slug } }); if (!band) throw new Error('no');
    const place = await db.place.findFirst({ where: { userId: id, bandId: band.id } }); if (!place) throw new Error('no');
    await db.plan.create({ data: { kind: 'x', bandSlug: ${slug} } });`;
  expect(judged('Plan', create('slug'))).toEqual(['isolated']);
  expect(judged('Plan', create('other'))).toEqual(['leaks']);
});

test('a new row that is left to nobody is added to no tenant, unless it hangs on somebody’s', () => {
  const create = (data: string) =>
    `const { title, band, set } = await request.json(); await db.song.create({ data: { title, ${data} } });`;
  expect(judged('Song', create('bandId: null'))).toEqual(['isolated']);
  expect(judged('Song', create(''))).toEqual(['isolated']);
  expect(judged('Song', create('bandId: band'))).toEqual(['leaks']);
  expect(judged('Song', create('bandId: null, setId: set'))).toEqual(['leaks']);
  expect(judged('Song', `await db.song.create({ data: await request.json() });`)).toEqual(['leaks']);
});

test('users whose rows name the caller’s tenant are the caller’s colleagues', () => {
  const forget = (slug: string) => `const { id } = await me(); const { bandId, slug } = await request.json();
    const place = await db.place.findFirst({ where: { userId: id, bandId }, include: { band: true } }); if (!place) throw new Error('no');
    await db.user.updateMany({ where: { defaultBand: ${slug} }, data: { defaultBand: null } });`;
  expect(judged('User', forget('place.band.slug'))).toEqual(['isolated']);
  expect(judged('User', forget('slug'))).toEqual(['leaks']);
});

test('a copy of the caller’s own row stays in its tenant, one of any row goes to any', () => {
  const copy = (where: string) => `const user = await me(); const { id, title } = await request.json();
    const tune = await db.tune.findFirst({ where: ${where} }); if (!tune) throw new Error('no');
    await db.tune.create({ data: { title, userId: user.id, bandId: tune.bandId } });`;
  expect(judged('Tune', copy('{ id: String(id), userId: user.id }'))).toEqual(['isolated']);
  expect(judged('Tune', copy('{ id: String(id) }'))).toContain('leaks');
});
