import { expect, test } from 'vitest';

import { verdictsOnPrisma } from './fixtures/judged-prisma.ts';

const schema = `
model User {
  id String @id
  email String @unique
  notes Note[]
}
model Note {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
}
`;
const notes = (guard: string, head = ''): readonly string[] =>
  verdictsOnPrisma(
    schema,
    `${head}\n---\nconst email = session.user.email; ${guard}
     return res.json(await prisma.note.findUnique({ where: { id: String(req.query.id) } }));`,
  ).filter(line => line.startsWith('Note '));
const no = 'return res.status(403).end();';
const staff = ['Note read isolated administrator'];
const anybody = ['Note read leaks client-id'];

test('whoever the installation names runs it', () => {
  expect(notes(`if (email !== process.env.ADMIN_EMAIL) ${no}`)).toEqual(staff);
  expect(notes(`if (!process.env.ADMIN_EMAILS?.split(',').includes(email)) ${no}`)).toEqual(staff);
  expect(
    notes(
      `if (!email || !admins.includes(email)) ${no}`,
      `const admins = (process.env.ADMINS ?? '').split(',').map(each => each.trim());`,
    ),
  ).toEqual(staff);
  expect(notes(`if (!admins.includes(email)) ${no}`, `const admins = ['me@acme.test', 'you@acme.test'];`)).toEqual(
    staff,
  );
  expect(notes(`if (!admins.has(email)) ${no}`, `const admins = new Set(process.env.ADMINS.split(','));`)).toEqual(
    staff,
  );
});

test('an address that the caller sends is nobody’s', () => {
  expect(notes(`if (req.body.email !== process.env.ADMIN_EMAIL) ${no}`)).toEqual(anybody);
  expect(notes(`if (!process.env.ADMIN_EMAILS?.split(',').includes(req.body.email)) ${no}`)).toEqual(anybody);
});

test('who is not named, or is somebody to try it with, runs nothing', () => {
  expect(notes(`if (process.env.ADMIN_EMAILS?.split(',').includes(email)) ${no}`)).toEqual(anybody);
  expect(notes(`if (email !== process.env.DEMO_USER_EMAIL) ${no}`)).toEqual(anybody);
  expect(notes(`if (!req.body.allowed.split(',').includes(email)) ${no}`)).toEqual(anybody);
});
