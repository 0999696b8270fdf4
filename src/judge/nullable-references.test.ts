import { expect, test } from 'vitest';

import { judgedApp } from './fixtures/judged-code.ts';

const schema = `
model User {
  id String @id
  teams Member[]
}
model Team {
  id String @id
  members Member[]
  rooms Room[]
  desks Desk[]
}
model Member {
  userId String
  user User @relation(fields: [userId], references: [id])
  teamId String
  team Team @relation(fields: [teamId], references: [id])
  @@id([userId, teamId])
}
model Room {
  id String @id
  teamId String
  team Team @relation(fields: [teamId], references: [id])
  desks Desk[]
}
model Desk {
  id String @id
  roomId String?
  room Room? @relation(fields: [roomId], references: [id])
  teamId String
  team Team @relation(fields: [teamId], references: [id])
}`;

/** How the paths of an action are judged that puts a desk into a room, or into none. */
function judged(type: string, check: string): readonly string[] {
  const action = `'use server'; import { z } from 'zod'; import { headers } from 'next/headers'; import { db } from '@/lib/db'; import { auth } from '@/lib/auth';
    const shape = z.object({ id: z.string(), roomId: ${type} });
    export async function move(input: unknown) {
      const session = await auth.api.getSession({ headers: await headers() }); if (!session) throw new Error('no');
      const { id, roomId } = shape.parse(input);
      const desk = await db.desk.findUnique({ where: { id } }); if (!desk) throw new Error('no');
      const member = await db.member.findFirst({ where: { userId: session.user.id, teamId: desk.teamId } }); if (!member) throw new Error('no');
      ${check} await db.desk.update({ where: { id }, data: { roomId } }); }`;
  return judgedApp(schema, { 'app/actions.ts': action })
    .filter(path => path.sink.operation === 'update')
    .map(path => path.verdict);
}

const room = `const room = await db.room.findUnique({ where: { id: roomId } }); if (!room || room.teamId !== desk.teamId) throw new Error('no');`;

test('a reference that may be null is looked at where it is there', () => {
  for (const type of ['z.string().nullable()', 'z.string().optional()', 'z.string().nullish()'])
    expect([type, judged(type, `if (roomId) { ${room} }`)]).toEqual([type, expect.not.arrayContaining(['leaks'])]);
});

test('a reference that is not looked at, or only where it is not there, may be another team’s', () => {
  expect(judged('z.string().nullable()', '')).toContain('leaks');
  expect(judged('z.string().nullable()', `if (!roomId) { console.log(id); }`)).toContain('leaks');
  expect(judged('z.string().nullable()', `if (input === 'x') { ${room} }`)).toContain('leaks');
  expect(
    judged('z.string().nullable()', `if (roomId) { ${room.replace('room.teamId !== desk.teamId', 'false')} }`),
  ).toContain('leaks');
});
