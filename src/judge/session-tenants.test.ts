import { expect, test } from 'vitest';

import { verdictsOnPrisma } from './fixtures/judged-prisma.ts';

const schema = `
model User {
  id String @id
  agents Agent[]
}
model Shop {
  id String @id
  agents Agent[]
  orders Order[]
}
model Agent {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
  shopId String
  shop Shop @relation(fields: [shopId], references: [id])
  @@unique([userId, shopId])
}
model Order {
  id String @id
  shopId String
  shop Shop @relation(fields: [shopId], references: [id])
}
`;
const orders = (shop: string): readonly string[] =>
  verdictsOnPrisma(
    schema,
    `const shopId = ${shop}; if (!shopId) return res.status(403).end();
     return res.json(await prisma.order.findMany({ where: { shopId } }));`,
  ).filter(line => line.startsWith('Order '));
const own = ['Order read isolated scoped-by-session'];

test('the tenant that the session names is the caller’s, under the name that the app gives it', () => {
  expect(orders('session.user.shopId')).toEqual(own);
  expect(orders('session.user.defaultShopId')).toEqual(own);
  expect(orders('session.activeShopId')).toEqual(own);
});

test('another field of the session, and the same name elsewhere, says nothing of a tenant', () => {
  expect(orders('session.user.referrerId')).toEqual([expect.stringMatching(/^Order read leaks /)]);
  expect(orders('req.body.activeShopId')).toEqual(['Order read leaks client-id']);
  expect(orders('session.user.lastVisitedShopId')).toEqual([expect.stringMatching(/^Order read leaks /)]);
});

test('an id of the server’s without its prefix is the same id, and one of the caller’s is what they make of it', () => {
  const member = `const shopId = String(req.query.shopId);
    const found = await prisma.agent.findUnique({ where: { userId_shopId: { userId, shopId } } }); if (!found) return res.status(403).end();`;
  const read = (id: string): readonly string[] =>
    verdictsOnPrisma(
      schema,
      `${member} const id = ${id}; return res.json(await prisma.order.findMany({ where: { shopId: id } }));`,
    ).filter(line => line.startsWith('Order '));
  expect(read(`found.shopId.startsWith('shop_') ? found.shopId.replace('shop_', '') : found.shopId`)).toEqual([
    'Order read isolated scoped-by-membership',
  ]);
  expect(read(`shopId.startsWith('shop_') ? shopId.replace('shop_', '') : shopId`)).toEqual([
    expect.stringMatching(/^Order read leaks /),
  ]);
  expect(read(`found.shopId.replace('a', shopId)`)).toEqual([expect.stringMatching(/^Order read leaks /)]);
});

test('nobody has an empty id or address, so that what asks for one finds nothing', () => {
  const asked = (where: string): readonly string[] =>
    verdictsOnPrisma(
      schema,
      `const other = req.body.other ? await prisma.agent.findFirst({ where: { userId, id: String(req.body.other) } }) : null;
       return res.json(await prisma.order.findMany({ where: { ${where} } }));`,
    ).filter(line => line.startsWith('Order '));
  expect(asked(`shopId: other?.shopId ?? ''`)).toEqual(['Order read isolated scoped-by-membership']);
  expect(asked(`shopId: other?.shopId ?? 'first'`)).toEqual([expect.stringMatching(/^Order read (?:leaks|public) /)]);
  expect(asked(`shopId: other?.shopId`)).toEqual([expect.stringMatching(/^Order read leaks /)]);
});
