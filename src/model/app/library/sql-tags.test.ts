import { describe, expect, test } from 'vitest';

import { show, traceApp } from '../fixtures/inline-app.ts';

function wheres(client: string, body: string): readonly string[] {
  const { queries } = traceApp({
    'lib/sql.ts': client,
    'app/api/bills/[id]/route.ts': `
      import { sql } from '@/lib/sql'; import { requireUser } from '@/lib/session';
      export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) {
        const { id } = await params; const user = await requireUser();
        const mine = new URL(request.url).searchParams.get('mine') === '1';
        ${body} }`,
  });
  return queries.map(({ query }) => {
    const written = query.values.map(({ column }) => column).join(' ');
    return `${query.operation} ${query.table}${written === '' ? '' : ` (${written})`}: ${show(query.where)}`;
  });
}

const postgresJs = `import postgres from 'postgres'; export const sql = postgres(process.env.DATABASE_URL!);`;
const neon = `import { neon } from '@neondatabase/serverless'; export const sql = neon(process.env.DATABASE_URL!);`;
const vercel = `export { sql } from '@vercel/postgres';`;
const mysql = `import mysql from 'mysql2/promise'; export const sql = mysql.createPool({ uri: process.env.DATABASE_URL });`;

describe('a tagged statement', () => {
  test('has its values as parameters, whatever the driver', () => {
    for (const client of [postgresJs, neon])
      expect(
        wheres(
          client,
          'const [row] = await sql`select * from bill where id = ${id} and owner_id = ${user.id}`; return Response.json(row);',
        ),
      ).toEqual(['read bill: (self.id = client params.id and self.owner_id = ‹user.id›)']);
    expect(
      wheres(vercel, 'const { rows } = await sql`select * from bill where id = ${id}`; return Response.json(rows);'),
    ).toEqual(['read bill: self.id = client params.id']);
  });

  test('is several when a piece of it may be missing', () => {
    expect(
      wheres(
        postgresJs,
        'return Response.json(await sql`select * from bill where sum > 1 ${mine ? sql`and owner_id = ${user.id}` : sql``}`);',
      ).toSorted(),
    ).toEqual(['read bill: (self.sum > 1 and self.owner_id = ‹user.id›)', 'read bill: self.sum > 1']);
  });

  test('writes what its helpers name', () => {
    const both = wheres(
      postgresJs,
      "await sql`insert into bill ${sql({ owner_id: user.id, sum: 1 })}`; await sql`update bill set ${sql({ sum: 2 }, 'sum')} where id = ${id}`; return new Response(null);",
    );
    expect(both).toEqual(['insert bill (owner_id sum): true', 'update bill (sum): self.id = client params.id']);
  });

  test('runs in a transaction and as a plain text', () => {
    expect(
      wheres(
        postgresJs,
        "await sql.begin(async tx => { await tx`delete from bill where id = ${id}`; }); return Response.json(await sql.unsafe('select * from bill where owner_id = $1', [user.id]));",
      ),
    ).toEqual(['delete bill: self.id = client params.id', 'read bill: self.owner_id = ‹user.id›']);
  });

  test('of MySQL has its own quotes and places', () => {
    expect(
      wheres(
        mysql,
        "const [rows] = await sql.execute('select * from `bill` where id = ? and owner_id = ?', [id, user.id]); return Response.json(rows);",
      ),
    ).toEqual(['read bill: (self.id = client params.id and self.owner_id = ‹user.id›)']);
  });
});
