import { describe, expect, test } from 'vitest';

import { judgedApp } from './fixtures/judged-code.ts';

const schema = `
model User {
  id String @id
  email String @unique
  admin Boolean @default(false)
  beta Boolean @default(false)
  memberships Membership[]
}
model Club {
  id String @id
  name String
  bookings Booking[]
  memberships Membership[]
}
model Membership {
  id String @id
  admin Boolean
  userId String
  user User @relation(fields: [userId], references: [id])
  clubId String
  club Club @relation(fields: [clubId], references: [id])
  @@unique([userId, clubId])
}
model Booking {
  id String @id
  clubId String
  club Club @relation(fields: [clubId], references: [id])
}`;

const find = `const row = await db.user.findUnique({ where: { email: token.email } });`;
const carried: Readonly<Record<string, string>> = {
  assigned: `${find} session.user.admin = row?.admin; return session;`,
  made: `${find} return { ...session, user: row !== null ? { ...session.user, id: row.id, admin: row.admin } : null };`,
  claimed: `session.user.admin = token.admin; return session;`,
  memberships: `${find} const seats = await db.membership.findMany({ where: { userId: row.id } }); session.user.admin = seats.some(seat => seat.admin); return session;`,
  another: `${find} session.user.admin = row?.beta; return session;`,
  anybody: `const row = await db.user.findFirst({ where: { admin: true } }); session.user.admin = row?.admin; return session;`,
  nobody: `session.user.admin = true; return session;`,
};

/** How the booking is judged that an action gives to whom the session calls an administrator. */
function booking(session: string, guard = `if (!session.user.admin) throw new Error('no');`): string {
  const files = {
    'lib/options.ts': `import { db } from './db'; export const authOptions = { callbacks: { async session({ session, token }: any) { ${session} } } };`,
    'app/actions.ts': `'use server'; import { getServerSession } from 'next-auth'; import { authOptions } from '@/lib/options'; import { db } from '@/lib/db';
      export async function run(input: { id: string }) {
        const session = await getServerSession(authOptions); if (!session?.user) throw new Error('no');
        ${guard} return db.booking.findUnique({ where: { id: input.id } }); }`,
  };
  const [path] = judgedApp(schema, files).filter(one => one.sink.table === 'Booking');
  return `${path?.verdict} ${path?.reason}`;
}

describe('an administrator whom the session names', () => {
  test('is one whose own row, or whose token, says so', () => {
    for (const how of ['assigned', 'made', 'claimed'])
      expect([how, booking(carried[how] ?? '')]).toEqual([how, 'isolated administrator']);
    expect(booking('return session;', `if (session.user.isAdmin !== true) throw new Error('no');`)).toBe(
      'isolated administrator',
    );
  });

  test('is not one of a club, nor whoever has another flag, nor everybody', () => {
    for (const how of ['memberships', 'another', 'anybody', 'nobody'])
      expect([how, booking(carried[how] ?? '')]).toEqual([how, expect.stringMatching(/^leaks/)]);
  });

  test('is not whoever is none, nor whoever has another flag in the session', () => {
    for (const guard of ['session.user.admin', '!session.user.beta', '!session.user.adminOfClub'])
      expect(booking('return session;', `if (${guard}) throw new Error('no');`)).toBe('leaks client-id');
  });
});
