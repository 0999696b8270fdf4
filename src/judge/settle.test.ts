import { expect, test } from 'vitest';
import type { Settling } from '../core/policy.ts';
import { judgeNotes, notesDatabase } from './fixtures/judged-notes.ts';
import { policyTable } from './policy-table.ts';
import { settlings } from './settle.ts';

function settle(route: string, files: Readonly<Record<string, string>> = {}): readonly Settling[] {
  const { judged, tenancy, source } = judgeNotes(route, files);
  return settlings(judged.paths, { database: notesDatabase, tenancy, modules: source.loaded() });
}

const identity = {
  'lib/identity.ts': `
    import { lookUp } from 'acme-identity';
    export async function teamOf(request: Request) { const found = await lookUp(request); return found.map((each: any) => each).find((each: any) => each.active)?.team; }`,
};

test('the function in which a value stops being followed is named, with the line to write', () => {
  const found = settle(
    `import { teamOf } from '@/lib/identity';
     export async function GET(request: Request) {
       const user = await requireUser();
       return Response.json(await db.select().from(notes).where(eq(notes.teamId, await teamOf(request))));
     }`,
    identity,
  );
  for (const each of found) expect(each.declaration).toMatch(/^(principals|guards|public|tenancy): /);
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
