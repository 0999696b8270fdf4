import { expect, test } from 'vitest';

import { verdictsOnPrisma } from './fixtures/judged-prisma.ts';

const schema = `
model User {
  id String @id
  planId String?
  plan Plan? @relation(fields: [planId], references: [id])
  regionId String?
  region Region? @relation(fields: [regionId], references: [id])
  notes Note[]
}
model Plan {
  id String @id
  billingCustomerId String?
  users User[]
}
model Region {
  id String @id
  name String
  users User[]
}
model Note {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
}
model Registration {
  id String @id
  name String @unique
  oauthClientId String?
  oauthClientSecret String?
}
`;
const verdicts = (query: string): readonly string[] =>
  verdictsOnPrisma(
    schema,
    `const me = await prisma.user.findUnique({ where: { id: userId } }); return res.json(${query});`,
  ).filter(line => !line.startsWith('User '));

test('a plan that users share is the plan of the user who asks, and nobody else’s', () => {
  expect(verdicts('await prisma.plan.findUnique({ where: { id: me.planId } })')).toEqual([
    'Plan read isolated scoped-by-session',
  ]);
  expect(verdicts('await prisma.plan.findUnique({ where: { id: String(req.query.plan) } })')).toEqual([
    'Plan read leaks client-id',
  ]);
  expect(
    verdicts('await prisma.plan.update({ where: { id: String(req.query.plan) }, data: { billingCustomerId: null } })'),
  ).toEqual(['Plan update leaks client-id']);
});

test('reference data that users refer to is everybody’s', () => {
  expect(verdicts('await prisma.region.findMany()')).toEqual(['Region read public no-owner']);
});

test('a registered client is no customer', () => {
  expect(verdicts('await prisma.registration.findMany({ select: { name: true } })')).toEqual([
    'Registration read public no-owner',
  ]);
});
