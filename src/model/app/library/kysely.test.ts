import { describe, expect, test } from 'vitest';

import { show, showFacts, traceApp } from '../fixtures/inline-app.ts';
import type { QueryPath } from '../types.ts';

function trace(body: string): readonly QueryPath[] {
  return traceApp({
    'lib/kysely.ts': `
      import { Kysely, PostgresDialect } from 'kysely'; import { Pool } from 'pg';
      export const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: new Pool() }) });`,
    'app/api/bills/[id]/route.ts': `
      import { sql } from 'kysely'; import { db } from '@/lib/kysely'; import { requireUser } from '@/lib/session';
      export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) {
        const { id } = await params; const user = await requireUser();
        const mine = new URL(request.url).searchParams.get('mine') === '1';
        ${body} }`,
  }).queries;
}

function wheres(body: string): readonly string[] {
  return trace(body).map(path => `${path.query.operation} ${path.query.table}: ${show(path.query.where)}`);
}

describe('a query of Kysely', () => {
  test('has the conditions of every where on the way, and no others', () => {
    expect(
      wheres(
        `return Response.json(await db.selectFrom('bill').selectAll().where('id', '=', id).where('owner_id', '=', user.id).executeTakeFirst());`,
      ),
    ).toEqual(['read bill: (self.id = client params.id and self.owner_id = ‹user.id›)']);
    expect(
      wheres(
        `let query = db.selectFrom('bill').selectAll(); if (mine) query = query.where('owner_id', '=', user.id); return Response.json(await query.execute());`,
      ).toSorted(),
    ).toEqual(['read bill: self.owner_id = ‹user.id›', 'read bill: true']);
    expect(
      wheres(
        `return Response.json(await db.selectFrom('bill').selectAll().$if(mine, query => query.where('owner_id', '=', user.id)).execute());`,
      ).toSorted(),
    ).toEqual(['read bill: self.owner_id = ‹user.id›', 'read bill: true']);
  });

  test('joins expressions by and, or, not and sub-queries', () => {
    expect(
      wheres(
        `return Response.json(await db.selectFrom('bill').select(['id', 'sum']).where(eb => eb.or([eb('id', '=', id), eb('owner_id', '=', user.id)])).execute());`,
      ),
    ).toEqual(['read bill: (self.id = client params.id or self.owner_id = ‹user.id›)']);
    expect(
      wheres(
        `return Response.json(await db.selectFrom('bill as b').select('b.id').where('b.id', '=', id).where(({ exists, selectFrom }) => exists(selectFrom('seat').select('seat.id').whereRef('seat.firm_id', '=', 'b.firm_id').where('seat.user_id', '=', user.id))).execute());`,
      ),
    ).toEqual([
      'read bill: (self.id = client params.id and exists seat with (seat.firm_id = self.firm_id and seat.user_id = ‹user.id›))',
    ]);
    expect(
      wheres(
        `return Response.json(await db.selectFrom('bill').selectAll().where('firm_id', 'in', db.selectFrom('seat').select('firm_id').where('user_id', '=', user.id)).execute());`,
      ),
    ).toEqual(['read bill: exists seat with (seat.user_id = ‹user.id› and self.firm_id = seat.firm_id)']);
  });

  test('asks for rows of joined tables, which an outer join may lack', () => {
    const [inner] = trace(
      `return Response.json(await db.selectFrom('bill').innerJoin('seat', 'seat.firm_id', 'bill.firm_id').select(['bill.id', 'seat.role as role']).where('seat.user_id', '=', user.id).execute());`,
    );
    expect(inner?.query.joined.map(row => [row.table, row.required, show(row.where)])).toEqual([
      ['seat', true, 'seat.firm_id = bill.firm_id'.replace('bill.', 'self.')],
    ]);
    const [outer] = trace(
      `return Response.json(await db.selectFrom('bill').leftJoin('seat', join => join.onRef('seat.firm_id', '=', 'bill.firm_id').on('seat.user_id', '=', user.id)).select('bill.id').execute());`,
    );
    expect(outer?.query.joined.map(row => [row.required, show(row.where)])).toEqual([
      [false, '(seat.firm_id = self.firm_id and seat.user_id = ‹user.id›)'],
    ]);
  });

  test('that throws without a row leaves the row as a fact; one that does not throw leaves none', () => {
    const [, after] = trace(
      `await db.selectFrom('seat').select('id').where('user_id', '=', user.id).where('firm_id', '=', id).executeTakeFirstOrThrow(); return Response.json(await db.selectFrom('bill').selectAll().where('firm_id', '=', id).execute());`,
    );
    expect(showFacts(after?.facts ?? [])).toContain(
      'row of seat with (seat.user_id = ‹user.id› and seat.firm_id = client params.id)',
    );
    const [, unchecked] = trace(
      `await db.selectFrom('seat').select('id').where('user_id', '=', user.id).where('firm_id', '=', id).executeTakeFirst(); return Response.json(await db.selectFrom('bill').selectAll().where('firm_id', '=', id).execute());`,
    );
    expect(showFacts(unchecked?.facts ?? []).filter(fact => fact.startsWith('row of seat'))).toEqual([]);
  });

  test('writes what it is given, in a transaction too', () => {
    const [insert, update, gone] = trace(
      `await db.transaction().execute(async trx => {
        await trx.insertInto('bill').values({ owner_id: user.id, sum: 1 }).execute();
        await trx.updateTable('bill').set({ owner_id: id }).where('id', '=', id).execute();
        await trx.deleteFrom('bill').where('id', '=', id).execute(); });
       return new Response(null);`,
    );
    expect(insert?.query.values.map(({ column }) => column)).toEqual(['owner_id', 'sum']);
    expect(update?.query).toMatchObject({ operation: 'update', values: [{ column: 'owner_id' }] });
    expect(gone?.query.operation).toBe('delete');
  });

  test('in SQL is read like any other', () => {
    expect(
      wheres('return Response.json(await sql`select * from bill where owner_id = ${user.id}`.execute(db));'),
    ).toEqual(['read bill: self.owner_id = ‹user.id›']);
    expect(
      wheres(
        "return Response.json(await db.selectFrom('bill').selectAll().where(sql<boolean>`owner_id = ${user.id}`).execute());",
      ),
    ).toEqual(['read bill: self.owner_id = ‹user.id›']);
  });
});
