import { describe, expect, test } from 'vitest';

import { judgedApp } from './fixtures/judged-code.ts';

const membership = `model Membership {
  id String @id
  role String
  userId String
  user User @relation(fields: [userId], references: [id])
  clubId String
  club Club @relation(fields: [clubId], references: [id])
  @@unique([userId, clubId])
}`;

/** A club's bookings; users belong to clubs by their memberships, or each to one. */
const schema = (belonging: 'memberships' | 'one club'): string => `
model User {
  id String @id
  email String @unique
  role String
  isAdmin Boolean
  ${belonging === 'one club' ? 'clubId String\n club Club @relation(fields: [clubId], references: [id])' : 'memberships Membership[]'}
}
model Club {
  id String @id
  name String
  bookings Booking[]
  ${belonging === 'one club' ? 'users User[]' : 'memberships Membership[]'}
}
model Booking {
  id String @id
  clubId String
  club Club @relation(fields: [clubId], references: [id])
}
${belonging === 'one club' ? '' : membership}`;

const imports = `'use server';
import { headers } from 'next/headers';
import { db } from '@/lib/db';
import { auth } from '@/lib/auth';
`;

/** The verdicts on bookings of a server action. */
function bookings(body: string, belonging: 'memberships' | 'one club' = 'memberships'): readonly string[] {
  const paths = judgedApp(schema(belonging), {
    'app/actions.ts': `${imports} export async function run(input: Input) { ${body} return db.booking.findUnique({ where: { id: input.id } }); }`,
  });
  return paths.filter(path => path.sink.table === 'Booking').map(path => `${path.verdict} ${path.reason}`);
}

const session = `const session = await auth.api.getSession({ headers: await headers() }); if (!session) throw new Error('no');`;
const own = `${session} const user = await db.user.findUnique({ where: { id: session.user.id } }); if (!user) throw new Error('no');`;
const named = `${session} const user = await db.user.findUnique({ where: { id: input.userId } }); if (!user) throw new Error('no');`;

describe('an administrator of the app', () => {
  test('is whom the session’s own row calls so', () => {
    expect(bookings(`${own} if (user.role !== 'ADMIN') throw new Error('no');`)).toEqual(['isolated administrator']);
    expect(bookings(`${own} if (!user.isAdmin) throw new Error('no');`)).toEqual(['isolated administrator']);
    expect(
      bookings(`${own} const profile = { role: user.role }; if (profile.role !== 'superadmin') throw new Error('no');`),
    ).toEqual(['isolated administrator']);
  });

  test('is not whoever has an account', () => {
    expect(bookings(own)).toEqual(['leaks client-id']);
    expect(bookings(`${own} if (user.role !== 'USER') throw new Error('no');`)).toEqual(['leaks client-id']);
    expect(bookings(`${own} if (user.role === 'ADMIN') throw new Error('no');`)).toEqual(['leaks client-id']);
    expect(bookings(`${own} if (user.isAdmin) throw new Error('no');`)).toEqual(['leaks client-id']);
    expect(bookings(`${session} if (session.user.role !== 'user') throw new Error('no');`)).toEqual([
      'leaks client-id',
    ]);
  });

  test('is not whom another user’s row calls so', () => {
    expect(bookings(`${named} if (user.role !== 'ADMIN') throw new Error('no');`)).toEqual(['leaks client-id']);
    expect(bookings(`${named} if (!user.isAdmin) throw new Error('no');`)).toEqual(['leaks client-id']);
  });

  test('is not who administers a club', () => {
    const member = `${session} const user = await db.membership.findFirst({ where: { userId: session.user.id } }); if (user?.role !== 'ADMIN') throw new Error('no');`;
    expect(bookings(member)).toEqual(['leaks unbound-object']);
    expect(bookings(`${own} if (user.role !== 'ADMIN') throw new Error('no');`, 'one club')).toEqual([
      'leaks unbound-object',
    ]);
    expect(bookings(`${own} if (user.role !== 'SUPER_ADMIN') throw new Error('no');`, 'one club')).toEqual([
      'isolated administrator',
    ]);
  });

  test('may do what others may do with their own', () => {
    const member = `if (!input.clubId) throw new Error("no"); const member = await db.membership.findFirst({ where: { userId: user.id, clubId: input.clubId } });`;
    const all = `return db.booking.findMany({ where: { clubId: input.clubId } });`;
    expect(bookings(`${own} ${member} if (user.role !== 'ADMIN' && !member) throw new Error('no'); ${all}`)[0]).toBe(
      'isolated scoped-by-membership',
    );
    expect(bookings(`${own} ${member} if (user.role !== 'USER' && !member) throw new Error('no'); ${all}`)[0]).toBe(
      'leaks client-id',
    );
    expect(
      bookings(
        `${session} const user = session.user; ${member} if (user.role !== 'admin' && !member) throw new Error('no'); ${all}`,
      )[0],
    ).toBe('isolated scoped-by-membership');
  });

  test('is told apart by the rules of an ability', () => {
    const ability = (
      rules: string,
    ): string => `const { AbilityBuilder, createMongoAbility, subject } = await import('@casl/ability');
      const { can, build } = new AbilityBuilder(createMongoAbility); switch (user.role) { ${rules} } const ability = build();
      const membership = await db.membership.findFirst({ where: { userId: user.id } }); if (!membership) throw new Error('no');
      const booking = await db.booking.findUnique({ where: { id: input.id } }); if (!booking) throw new Error('no');
      if (!ability.can('read', subject('Booking', booking))) throw new Error('no'); return booking;`;
    const others = `default: can('read', 'Booking', { clubId: { $in: [mine.clubId] } });`;
    const mine = `${own} const mine = await db.membership.findFirst({ where: { userId: user.id } }); if (!mine) throw new Error('no');`;
    expect(bookings(`${mine} ${ability(`case 'ADMIN': can('manage', 'all'); break; ${others}`)}`)[0]).toBe(
      'isolated guarded-lookup',
    );
    expect(bookings(`${mine} ${ability(`case 'USER': can('manage', 'all'); break; ${others}`)}`)[0]).toMatch('leaks');
  });

  test('is told apart by rules that come as a list', () => {
    const ask = (
      rules: string,
      question: string,
    ): string => `const { createMongoAbility, ForbiddenError, subject } = await import('@casl/ability');
      const mine = await db.membership.findFirst({ where: { userId: user.id } }); if (!mine) throw new Error('no');
      const ability = createMongoAbility(${rules});
      const booking = await db.booking.findUniqueOrThrow({ where: { id: input.id } });
      ForbiddenError.from(ability).throwUnlessCan('read', ${question}); return booking;`;
    const own_ = `[{ action: ['read'], subject: 'Booking', conditions: { clubId: mine.clubId } }]`;
    expect(bookings(`${own} ${ask(own_, `subject('Booking', booking)`)}`)[0]).toBe('isolated guarded-lookup');
    expect(bookings(`${own} ${ask(own_, `'Booking'`)}`)[0]).toMatch('leaks');
    expect(
      bookings(`${own} ${ask(`[{ action: 'manage', subject: 'all' }]`, `subject('Booking', booking)`)}`)[0],
    ).toMatch('leaks');
    expect(bookings(`${own} ${ask(`await loadRules(user)`, `subject('Booking', booking)`)}`)[0]).toBe('unknown opaque');
  });
});
