import { expect, test } from 'vitest';

import { verdictsOnPrisma } from './fixtures/judged-prisma.ts';

const schema = `
model User {
  id String @id
  notes Note[]
}
model Note {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
}
model Licence {
  id String @id
  key String @unique
  kind String
  licenseeEmail String?
}
`;
const licences = (query: string): readonly string[] =>
  verdictsOnPrisma(schema, `return res.json(await prisma.licence.${query});`).filter(line =>
    line.startsWith('Licence '),
  );

test('the first row of a table that names nobody is the installation’s own', () => {
  expect(licences('findFirst()')).toEqual(['Licence read public no-owner']);
  expect(licences(`findFirst({ where: { kind: 'own' }, orderBy: { id: 'asc' } })`)).toEqual([
    'Licence read public no-owner',
  ]);
});

test('all of them, and one that is asked for, may be anybody’s', () => {
  expect(licences('findMany()')).toEqual(['Licence read unknown opaque']);
  expect(licences('findFirst({ where: { kind: String(req.query.kind) } })')).toEqual(['Licence read unknown opaque']);
  expect(licences('findFirst({ where: { licenseeEmail: session.user.email } })').join()).not.toContain('no-owner');
});

const teams = (query: string): readonly string[] =>
  verdictsOnPrisma(
    schema.replace('notes Note[]', 'name String?\n  createdAt DateTime @default(now())\n  notes Note[]'),
    `return res.json(await prisma.user.${query});`,
  ).filter(line => line.startsWith('User '));

test('the key of whichever row comes first names the installation, and tells nothing of it', () => {
  const oldest = `orderBy: { createdAt: 'asc' }`;
  expect(teams(`findFirst({ ${oldest}, select: { id: true, createdAt: true } })`)).toEqual([
    'User read public named-by-app',
  ]);
  expect(teams(`findFirst({ ${oldest}, select: { id: true, name: true } })`)).toEqual(['User read leaks unscoped']);
  expect(teams(`findFirst({ ${oldest} })`)).toEqual(['User read leaks unscoped']);
  expect(teams(`findMany({ ${oldest}, select: { id: true } })`)).toEqual(['User read leaks unscoped']);
  expect(teams(`findFirst({ where: { name: String(req.query.name) }, select: { id: true } })`).join()).toContain(
    'leaks',
  );
});
