import { expect, test } from 'vitest';

import { verdictsOnPrisma } from './fixtures/judged-prisma.ts';

const schema = `
model User {
  id String @id
  memberships Membership[]
}
model Company {
  id String @id
  memberships Membership[]
  circles Circle[]
  boards Board[]
}
model Membership {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
  companyId String
  company Company @relation(fields: [companyId], references: [id])
  circles CircleMember[]
}
model Circle {
  id String @id
  companyId String
  company Company @relation(fields: [companyId], references: [id])
  members CircleMember[]
  boards BoardCircle[]
}
model CircleMember {
  id String @id
  circleId String
  circle Circle @relation(fields: [circleId], references: [id])
  membershipId String
  membership Membership @relation(fields: [membershipId], references: [id])
}
model Board {
  id String @id
  companyId String
  company Company @relation(fields: [companyId], references: [id])
  circles BoardCircle[]
}
model BoardCircle {
  id String @id
  boardId String
  board Board @relation(fields: [boardId], references: [id])
  circleId String
  circle Circle @relation(fields: [circleId], references: [id])
}
model Letter {
  id String @id
  token String
  email String
  companyId String
  company Company @relation(fields: [companyId], references: [id])
}
model Coin {
  id String @id
  token String
  companyId String
  company Company @relation(fields: [companyId], references: [id])
}
`;

const circles = (board: string): readonly string[] =>
  verdictsOnPrisma(
    schema,
    `const board = await prisma.board.findFirst({ where: { id: req.query.id, ${board} } });
     if (!board) return res.status(404).end();
     await prisma.circle.deleteMany({ where: { companyId: board.companyId, boards: { none: {} } } });
     return res.status(200).end();`,
  ).filter(line => line.startsWith('Circle delete'));

test('who reaches a row by way of groups reaches the rows of its tenant', () => {
  expect(circles(`circles: { some: { circle: { members: { some: { membership: { userId } } } } } }`)).toEqual([
    'Circle delete isolated scoped-by-membership',
  ]);
});

test('a group without a member of the caller’s ties nothing', () => {
  expect(circles(`circles: { some: { circle: { members: { some: { membership: {} } } } } }`).join()).toContain('leaks');
});

test('the token of a row opens the row, whether or not the schema says that it is unique', () => {
  const read = (table: string, where: string): readonly string[] =>
    verdictsOnPrisma(schema, `return res.json(await prisma.${table}.findFirst({ where: { ${where} } }));`);
  expect(read('letter', 'token: String(req.query.token)')).toEqual(['Letter read isolated capability']);
  expect(read('letter', 'email: String(req.query.email)')).toEqual(['Letter read leaks client-id']);
  expect(read('coin', 'token: String(req.query.token)')).toEqual(['Coin read leaks client-id']);
});
