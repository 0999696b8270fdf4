import { describe, expect, test } from 'vitest';

import { show, traceApp } from '../fixtures/inline-app.ts';

function wheres(body: string): readonly string[] {
  const { queries } = traceApp({
    'lib/knex.ts': `import knex from 'knex'; export const db = knex({ client: 'pg', connection: process.env.DATABASE_URL });`,
    'app/api/bills/[id]/route.ts': `
      import { db } from '@/lib/knex'; import { requireUser } from '@/lib/session';
      export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) {
        const { id } = await params; const user = await requireUser();
        ${body} }`,
  });
  return queries.map(path => `${path.query.operation} ${path.query.table}: ${show(path.query.where)}`);
}

describe('a query of Knex', () => {
  test('has the conditions of its wheres, in any of their forms', () => {
    expect(wheres(`return Response.json(await db('bill').where({ id, owner_id: user.id }).first());`)).toEqual([
      'read bill: (self.id = client params.id and self.owner_id = ‹user.id›)',
    ]);
    expect(
      wheres(`return Response.json(await db('bill').where('id', id).andWhere('owner_id', '=', user.id).select('*'));`),
    ).toEqual(['read bill: (self.id = client params.id and self.owner_id = ‹user.id›)']);
    expect(wheres(`return Response.json(await db('bill').where('owner_id', user.id).orWhere('id', id));`)).toEqual([
      'read bill: (self.owner_id = ‹user.id› or self.id = client params.id)',
    ]);
    expect(
      wheres(
        `return Response.json(await db('bill').where('owner_id', user.id).where(group => { group.where('id', id).orWhere('sum', 1); }));`,
      ),
    ).toEqual(['read bill: (self.owner_id = ‹user.id› and (self.id = client params.id or self.sum = 1))']);
    expect(wheres(`return Response.json(await db('bill').whereRaw('owner_id = ?', [user.id]));`)).toEqual([
      'read bill: self.owner_id = ‹user.id›',
    ]);
  });

  test('takes what a function adds, and lists and sub-queries', () => {
    expect(
      wheres(
        `const own = query => { query.where('owner_id', user.id); }; return Response.json(await db('bill').modify(own).where({ id }));`,
      ),
    ).toEqual(['read bill: (self.owner_id = ‹user.id› and self.id = client params.id)']);
    expect(
      wheres(
        `return Response.json(await db('bill').whereIn('firm_id', db('seat').select('firm_id').where('user_id', user.id)));`,
      ),
    ).toEqual(['read bill: exists seat with (seat.user_id = ‹user.id› and self.firm_id = seat.firm_id)']);
  });

  test('writes and deletes by its filter, in a transaction too', () => {
    expect(
      wheres(
        `await db.transaction(async trx => { await trx('bill').where({ id }).update({ sum: 2 }); await trx('bill').where({ id, owner_id: user.id }).del(); }); return new Response(null);`,
      ),
    ).toEqual([
      'update bill: self.id = client params.id',
      'delete bill: (self.id = client params.id and self.owner_id = ‹user.id›)',
    ]);
  });
});
