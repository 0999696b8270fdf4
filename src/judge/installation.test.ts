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
