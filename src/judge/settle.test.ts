import { expect, test } from 'vitest';
import type { Settling } from '../core/policy.ts';
import { judgeNotes, notesDatabase } from './fixtures/judged-notes.ts';
import { policyTable } from './policy-table.ts';
import { settlings } from './settle.ts';

function settle(route: string, files: Readonly<Record<string, string>> = {}): readonly Settling[] {
  const { judged, tenancy, source } = judgeNotes(route, files);
  return settlings(judged.paths, { database: notesDatabase, tenancy, modules: source.loaded() });
}

test('what is not followed and is neither guard nor session by its name asks for nothing', () => {
  const files = {
    'lib/pick.ts': `import { shuffle } from 'acme-random'; export async function pick(ids: string[]) { return shuffle(ids); }`,
  };
  const found = settle(
    `import { pick } from '@/lib/pick';
     export async function GET() {
       await requireUser();
       return Response.json(await db.select().from(notes).where(eq(notes.id, await pick(['a']))));
     }`,
    files,
  );
  expect(found).toEqual([]);
});

test('a table that nothing creates asks for its migrations, and the most useful declaration comes first', () => {
  const found = settle(`
    import { pgTable, text } from 'drizzle-orm/pg-core';
    const ledger = pgTable('ledger', { id: text('id').primaryKey() });
    export async function GET() { await requireUser(); return Response.json(await db.select().from(ledger)); }
    export async function POST() { await requireUser(); return Response.json(await db.select().from(ledger)); }`);
  expect(found.map(each => [each.declaration, each.paths])).toEqual([
    ['--migrations <folder with the SQL that makes it>', 2],
  ]);
});

test('nothing is to be declared where every path was judged', () => {
  expect(
    settle(`export async function GET() {
      const user = await requireUser();
      return Response.json(await db.select().from(notes).where(eq(notes.teamId, user.teamId)));
    }`),
  ).toEqual([]);
});

test('the conditions of a table are grouped by what they are, whatever their order', () => {
  const { judged, tenancy } = judgeNotes(`
    export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) {
      const { id } = await params; const user = await requireUser();
      return Response.json(await db.select().from(notes).where(and(eq(notes.id, id), eq(notes.teamId, user.teamId))));
    }
    export async function PUT(request: Request, { params }: { params: Promise<{ id: string }> }) {
      const { id } = await params; const user = await requireUser();
      return Response.json(await db.select().from(notes).where(and(eq(notes.teamId, user.teamId), eq(notes.id, id))));
    }`);
  const policy = policyTable(judged.paths, tenancy).filter(each => each.table === 'notes');
  expect(policy).toMatchObject([
    {
      owner: 'tenant by team_id',
      predicates: [
        {
          operation: 'read',
          verdict: 'isolated',
          predicate: 'id = ‹browser params.id› and team_id = ‹session tenant.id›',
          entryPoints: ['GET /api/notes/[id]', 'PUT /api/notes/[id]'],
        },
      ],
    },
  ]);
});
