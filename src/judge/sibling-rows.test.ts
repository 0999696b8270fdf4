import { expect, test } from 'vitest';

import { judgedApp } from './fixtures/judged-code.ts';

const schema = `
model User {
  id String @id
  email String @unique
  memberships Membership[]
}
model Club {
  id String @id @default(cuid())
  members Membership[]
  forms Form[]
  guests Guest[]
}
model Membership {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
  clubId String
  club Club @relation(fields: [clubId], references: [id])
  @@unique([userId, clubId])
}
model Form {
  id String @id @default(cuid())
  title String
  clubId String
  club Club @relation(fields: [clubId], references: [id])
  visits Visit[]
  answers Answer[]
}
model Guest {
  id String @id @default(cuid())
  clubId String
  club Club @relation(fields: [clubId], references: [id])
  answers Answer[]
}
model Visit {
  id String @id @default(cuid())
  formId String
  form Form @relation(fields: [formId], references: [id])
  answers Answer[]
}
model Answer {
  id String @id @default(cuid())
  text String
  formId String
  form Form @relation(fields: [formId], references: [id])
  visitId String?
  visit Visit? @relation(fields: [visitId], references: [id])
  guestId String?
  guest Guest? @relation(fields: [guestId], references: [id])
}
`;

/** Whether a visitor's answer may refer to rows of another club, after these lines. */
function refersAcross(lines: string, values: string): boolean {
  const paths = judgedApp(schema, {
    'app/api/answers/route.ts': `import { NextResponse } from 'next/server'; import { db } from '@/lib/db';
        export async function POST(request: Request) {
          const input = await request.json();
          const form = await db.form.findUnique({ where: { id: input.formId } });
          if (!form) return NextResponse.json({ error: 'no' }, { status: 404 });
          ${lines}
          await db.answer.create({ data: { text: input.text, formId: input.formId, ${values} } });
          return NextResponse.json({ ok: true });
        }`,
  });
  return paths.some(path => path.reason === 'foreign-key');
}

const no = `return NextResponse.json({ error: 'no' }, { status: 400 });`;
const visit = `const visit = await db.visit.findUnique({ where: { id: input.visitId } });`;
const guest = `const guest = await db.guest.findUnique({ where: { id: input.guestId } });`;

test('a row of the same form is no reference to another tenant', () => {
  expect(refersAcross(`${visit} if (!visit || visit.formId !== input.formId) ${no}`, 'visitId: input.visitId')).toBe(
    false,
  );
  expect(refersAcross('', 'visitId: input.visitId')).toBe(true);
  expect(refersAcross(`${visit} if (!visit) ${no}`, 'visitId: input.visitId')).toBe(true);
  expect(refersAcross(`${visit} if (!visit || visit.formId !== input.otherId) ${no}`, 'visitId: input.visitId')).toBe(
    true,
  );
  expect(refersAcross(`${visit} if (!visit || visit.formId !== input.formId) ${no}`, 'visitId: input.otherId')).toBe(
    true,
  );
});

test('a row of the club that has the form is none either', () => {
  expect(refersAcross(`${guest} if (!guest || guest.clubId !== form.clubId) ${no}`, 'guestId: guest.id')).toBe(false);
  expect(refersAcross(`${guest} if (!guest) ${no}`, 'guestId: guest.id')).toBe(true);
  expect(refersAcross(`${guest} if (!guest || guest.clubId !== input.clubId) ${no}`, 'guestId: guest.id')).toBe(true);
});
