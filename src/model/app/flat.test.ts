import { describe, expect, test } from 'vitest';

import { onlyQuery, show, showFacts, traceApp } from './fixtures/inline-app.ts';

const schema = `
  generator client { provider = "prisma-client-js" }
  datasource db { provider = "postgresql" }
  model User { 
    id String @id
    seats Seat[]
  }
  model Firm {
    id String @id
    seats Seat[]
    desks Desk[]
  }
  model Seat {
    userId String
    firmId String
    user User @relation(fields: [userId], references: [id])
    firm Firm @relation(fields: [firmId], references: [id])
    @@id([userId, firmId])
  }
  model Desk {
    id String @id
    firmId String
    firm Firm @relation(fields: [firmId], references: [id])
    papers Paper[]
  }
  model Paper {
    id String @id
    deskId String
    desk Desk @relation(fields: [deskId], references: [id])
  }`;

function known(body: string): readonly string[] {
  const { queries } = traceApp({
    'package.json': JSON.stringify({
      name: 'desks',
      dependencies: { next: '16.0.0', '@prisma/client': '6.0.0', 'better-auth': '1.7.0' },
    }),
    'prisma/schema.prisma': schema,
    'app/api/papers/route.ts': `
      import { PrismaClient } from '@prisma/client'; import { requireUser } from '@/lib/session'; const prisma = new PrismaClient();
      export async function POST(request: Request) {
        const user = await requireUser(); const { deskId, other } = await request.json();
        const me = await prisma.user.findUnique({ where: { id: user.id }, include: { seats: { include: { firm: { include: { desks: true } } } } } });
        ${body}
        return Response.json(await prisma.paper.findMany({ where: { deskId } }));
      }`,
  });
  const [path] = queries.filter(query => query.query.table === 'Paper');
  return path === undefined ? ['never reached'] : showFacts(path.facts);
}

describe('lists in a list', () => {
  test('that become one keep the rows above each element', () => {
    const facts = known(`
      const desks = me.seats.flatMap(seat => seat.firm.desks.map(desk => ({ ...desk, seat })));
      const mine = desks.find(desk => desk.id === deskId);
      if (!mine) throw new Error('no');`).join('\\n');
    expect(facts).toContain('Desk.id = client body.deskId');
    expect(facts).toMatch(/row of Desk with/);
    expect(facts).toMatch(/row of Seat with/);
  });

  test('say nothing of an element that was not looked for', () => {
    const facts = known(
      `const desks = me.seats.map(seat => seat.firm.desks).flat(); if (desks.length === 0) throw new Error('no');`,
    ).join('\\n');
    expect(facts).not.toContain('client body.deskId');
  });

  test('are two rows when two are looked for', () => {
    const facts = known(`
      const desks = me.seats.flatMap(seat => seat.firm.desks);
      if (!desks.find(desk => desk.id === deskId)) throw new Error('no');
      if (!desks.find(desk => desk.id === other)) throw new Error('no');`);
    expect(facts.filter(fact => fact.startsWith('row of Desk')).length).toBeGreaterThan(1);
    expect(facts.filter(fact => fact.startsWith('row of Seat')).length).toBeGreaterThan(1);
  });

  test('may be of several kinds, and hold nothing where there is nothing', () => {
    const path = onlyQuery(`export async function POST(request: Request) {
      const user = await requireUser(); const body = await request.json();
      const teams = body.wide ? [user.teamId] : body.none ? undefined : [];
      const wanted = [1, 2].flatMap(() => teams ?? []);
      const [row] = await db.select().from(notes).where(inArray(notes.teamId, wanted)); return NextResponse.json(row); }`);
    expect(show(path.query.where)).toContain('‹tenant.id›');
    expect(show(path.query.where)).not.toContain('opaque');
  });

  test('of known items are one array', () => {
    const path = onlyQuery(`export async function GET() {
      const user = await requireUser();
      const [first, second] = [[user.teamId], ['one']].flat();
      return NextResponse.json(await db.select().from(notes).where(and(eq(notes.teamId, first), eq(notes.id, second)))); }`);
    expect(show(path.query.where)).toBe('(self.team_id = ‹tenant.id› and self.id = "one")');
  });
});
