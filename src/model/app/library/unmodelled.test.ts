import { expect, test } from 'vitest';

import { traceApp } from '../fixtures/inline-app.ts';

function gaps(client: string): readonly string[] {
  return traceApp({
    'lib/orders.ts': client,
    'app/api/orders/route.ts': `
      import { orders } from '@/lib/orders';
      export async function GET() { return Response.json(await orders()); }`,
  }).model.gaps.map(gap => `${gap.file}:${gap.line} ${gap.reason}`);
}

test('a library that reaches a database unseen is told once, where it is imported', () => {
  const client = `import { MikroORM } from '@mikro-orm/core';\nexport const orders = async () => (await MikroORM.init({})).em.find('Order', {});`;
  expect(gaps(client)).toContain('lib/orders.ts:1 Queries of MikroORM are not followed.');
});

test('types of such a library, and libraries that are followed, are no gap', () => {
  const client = `import type { MikroORM } from '@mikro-orm/core'; import knex from 'knex';\nexport const orders = () => knex({})('order').select();`;
  expect(gaps(client).filter(gap => gap.includes('not followed.'))).toEqual([]);
});
