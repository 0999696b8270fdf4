import { expect, test } from 'vitest';

import { judgedApp } from './fixtures/judged-code.ts';

const schema = `
model User {
  id String @id @default(cuid())
  members Member[]
}
model Team {
  id String @id @default(cuid())
  name String
  members Member[]
  albums Album[]
  shares Share[]
}
model Member {
  userId String
  user User @relation(fields: [userId], references: [id])
  teamId String
  team Team @relation(fields: [teamId], references: [id])
  @@id([userId, teamId])
}
model Album {
  id String @id @default(cuid())
  title String
  teamId String
  team Team @relation(fields: [teamId], references: [id])
  photos Photo[]
  shares Share[]
}
model Photo {
  id String @id @default(cuid())
  file String
  albumId String
  album Album @relation(fields: [albumId], references: [id])
}
model Share {
  id String @id @default(cuid())
  albumId String
  album Album @relation(fields: [albumId], references: [id])
  teamId String
  team Team @relation(fields: [teamId], references: [id])
  visits Visit[]
}
model Visit {
  id String @id @default(cuid())
  name String
  shareId String
  share Share @relation(fields: [shareId], references: [id])
}`;

const visit = `import { db } from '@/lib/db';
  export async function POST(request: Request) { const { shareId, name } = await request.json();
    await db.visit.create({ data: { shareId: String(shareId), name } }); return Response.json({}); }`;

/** How the rows of a table are judged that a page shows to whoever has the link, by what it reads after the link. */
function onPage(table: string, reads: string): readonly string[] {
  const page = `import { db } from '@/lib/db'; import { notFound } from 'next/navigation';
    export default async function Page({ params }: { params: Promise<{ id: string }> }) {
      const share = await db.share.findUnique({ where: { id: (await params).id }, include: { team: true } });
      if (!share) notFound();
      ${reads} return <main>{JSON.stringify([share.team.name, shown])}</main>; }`;
  return judgedApp(schema, { 'app/s/[id]/page.tsx': page, 'app/api/visits/route.ts': visit })
    .filter(path => path.sink.table === table && path.entryPoint.kind === 'page')
    .map(path => path.verdict);
}

const again = `const shown = await db.share.findUnique({ where: { id: share.id, teamId: share.teamId }, include: { album: { include: { photos: true } } } });`;

test('what a link leads to is shown with it, also when it is looked up a second time', () => {
  expect(onPage('Share', again)).toEqual(['public', 'public']);
  expect(onPage('Album', again)).toEqual(['public']);
  expect(onPage('Photo', again)).toEqual(['public']);
});

test('a whole list of what hangs on something that is shown is shown, the tenant’s other things are not', () => {
  const read = `const album = await db.share.findUnique({ where: { id: share.id }, include: { album: true } });`;
  const list = `${read} const shown = [album, await db.photo.findMany({ where: { albumId: share.albumId } })];`;
  expect(onPage('Photo', list)).toEqual(['public']);
  const all = `${read} const shown = [album, await db.album.findMany({ where: { teamId: share.teamId } })];`;
  expect(onPage('Album', all)).toContain('leaks');
});

test('what is shown with a link is open by the key of the link, and by no other', () => {
  const page = `import { db } from '@/lib/db'; import { notFound } from 'next/navigation';
    export default async function Page({ params }: { params: Promise<{ id: string }> }) {
      const share = await db.share.findUnique({ where: { id: (await params).id } }); if (!share) notFound();
      ${again} return <main>{JSON.stringify(shown)}</main>; }`;
  const verdicts = (where: string): readonly string[] => {
    const route = `import { db } from '@/lib/db';
      export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) { const { id } = await params;
        return Response.json(await db.photo.findMany({ where: { ${where} } })); }`;
    const files = {
      'app/s/[id]/page.tsx': page,
      'app/api/visits/route.ts': visit,
      'app/api/photos/[id]/route.ts': route,
    };
    return judgedApp(schema, files)
      .filter(path => path.sink.table === 'Photo' && path.entryPoint.kind === 'route-handler')
      .map(path => path.verdict);
  };
  expect(verdicts('album: { shares: { some: { id } } }')).toEqual(['public']);
  expect(verdicts('albumId: id')).toEqual(['leaks']);
  expect(verdicts('id')).toEqual(['leaks']);
  expect(verdicts('album: { team: { shares: { some: { id } } } }')).toEqual(['leaks']);
});
