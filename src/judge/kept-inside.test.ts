import { expect, test } from 'vitest';

import { judgedApp } from './fixtures/judged-code.ts';

const schema = `
model User {
  id String @id @default(cuid())
  name String
  memberships Membership[]
}
model Team {
  id String @id @default(cuid())
  name String
  polls Poll[]
  guests Guest[]
  labels Label[]
  memberships Membership[]
}
model Membership {
  userId String
  user User @relation(fields: [userId], references: [id])
  teamId String
  team Team @relation(fields: [teamId], references: [id])
  @@id([userId, teamId])
}
model Guest {
  id String @id @default(cuid())
  email String
  teamId String
  team Team @relation(fields: [teamId], references: [id])
  votes Vote[]
}
model Poll {
  id String @id @default(cuid())
  title String
  teamId String
  team Team @relation(fields: [teamId], references: [id])
  votes Vote[]
}
model Vote {
  id String @id @default(cuid())
  answer String
  pollId String
  poll Poll @relation(fields: [pollId], references: [id])
  guestId String?
  guest Guest? @relation(fields: [guestId], references: [id])
  labels LabelOnVote[]
}
model Label {
  id String @id @default(cuid())
  text String
  teamId String
  team Team @relation(fields: [teamId], references: [id])
  votes LabelOnVote[]
}
model LabelOnVote {
  voteId String
  vote Vote @relation(fields: [voteId], references: [id])
  labelId String
  label Label @relation(fields: [labelId], references: [id])
  @@id([voteId, labelId])
}`;

const page = `import { db } from '@/lib/db';
  export default async function Page({ params }: { params: Promise<{ id: string }> }) {
    const poll = await db.poll.findUnique({ where: { id: (await params).id } });
    return <main>{poll?.title}</main>; }`;

const include = `include: { guest: true, labels: { include: { label: true } } }`;
const create = `create({ data: { pollId: body.pollId, answer: 'yes', guestId: body.guestId }, ${include} })`;

/** How the rows of a table are judged that come with a vote, in a route for visitors that goes on with `rest`. */
function judged(table: string, rest: string, head = ''): readonly string[] {
  const route = `import { db } from '@/lib/db'; ${head}
    export async function POST(request: Request) {
      const body = await request.json(); const vote = await db.vote.${create}; ${rest} }`;
  return judgedApp(schema, { 'app/polls/[id]/page.tsx': page, 'app/api/votes/route.ts': route })
    .filter(path => path.sink.table === table && path.sink.operation === 'read')
    .map(path => path.verdict);
}

const guest = (rest: string, head = ''): readonly string[] => judged('Guest', rest, head);

test('a row that is selected back leaves only when its own fields do', () => {
  expect(guest(`return Response.json(vote);`)).toEqual(['leaks']);
  expect(guest(`return Response.json({ id: vote.id, email: vote.guest?.email });`)).toEqual(['leaks']);
  expect(guest(`const { guest, ...own } = vote; return Response.json(own);`)).toEqual(['isolated']);
  expect(guest(`return Response.json({ ...vote, guest: null });`)).toEqual(['isolated']);
  expect(guest(`return Response.json({ id: vote.id, known: vote.guest !== null });`)).toEqual(['isolated']);
});

test('a row that is selected back leaves in what was not followed, in what is made of it, and to others', () => {
  const hide = `async function hide(value: unknown): Promise<unknown> { return hide([value]); }`;
  expect(guest(`return Response.json({ id: vote.id, more: await hide(vote.guest) });`, hide)).toEqual(['leaks']);
  expect(guest(`return Response.json({ text: 'for ' + vote.guest!.email });`)).toEqual(['leaks']);
  const send = `await fetch('https://example.org', { method: 'POST', body: JSON.stringify(vote) });`;
  expect(guest(`${send} return Response.json({ id: vote.id });`)).toEqual(['leaks']);
});

test('what hangs on a row that was just made is what was written with it', () => {
  expect(judged('Label', `return Response.json(vote);`)).toEqual(['isolated']);
});
