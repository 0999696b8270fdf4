import { expect, test } from 'vitest';
import type { Advice } from '../../core/advice.ts';
import { judgeNotes } from '../fixtures/judged-notes.ts';
import { hintFor } from './hint.ts';
import { conditionInCode } from './sibling.ts';

const scopedSibling = {
  'app/api/notes/route.ts': `
    import { and, eq } from 'drizzle-orm';
    import { db } from '@/lib/db';
    import { notes } from '@/lib/schema';
    import { requireUser } from '@/lib/session';
    export async function GET() {
      const user = await requireUser();
      return Response.json(await db.select().from(notes).where(eq(notes.teamId, user.teamId)));
    }`,
};

const byId = `export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const user = await requireUser();
  return Response.json(await db.select().from(notes).where(eq(notes.id, id)));
}`;

function adviceFor(route: string, files: Readonly<Record<string, string>> = {}): Advice {
  const found = judgeNotes(route, files).findings.filter(
    finding => finding.object === 'notes' && finding.check.startsWith('path/'),
  );
  expect(found).toHaveLength(1);
  const [finding] = found;
  if (finding?.advice === undefined) throw new Error('There is no advice.');
  return finding.advice;
}

test('the request of a finding names the URL, the session of one tenant and the id of the other', () => {
  const { request } = adviceFor(byId);
  expect(request?.text).toBe("curl 'http://localhost:3000/api/notes/B_NOTES_ID' -b 'A_COOKIE'");
  expect(request?.placeholders.map(each => each.means)).toEqual([
    'the cookies of a signed-in user of tenant A',
    "'id' of a row of 'notes' that belongs to tenant B",
  ]);
});

test('a request without a sign-in sends no cookie, and a body as JSON', () => {
  const { request } = adviceFor(`export async function POST(request: Request) {
    const body = await request.json();
    await db.update(notes).set({ title: body.title }).where(eq(notes.id, body.noteId));
    return Response.json({});
  }`);
  expect(request?.text).toBe(
    `curl -X POST 'http://localhost:3000/api/notes/A_ID' --json '{"noteId":"B_NOTES_ID","title":"x"}'`,
  );
});

test('the tenant that the code verifies is the caller’s own; only the object is the other tenant’s', () => {
  const { request } = adviceFor(`export async function DELETE(request: Request) {
    const body = await request.json();
    const user = await requireUser();
    await assertMember(user.id, body.teamId);
    await db.delete(notes).where(eq(notes.id, body.noteId));
    return Response.json({ team: body.teamId });
  }`);
  expect(request?.text).toContain('"noteId":"B_NOTES_ID"');
  expect(request?.text).not.toContain('B_MEMBERS');
});

test('the repair is taken from a query on the same table that is right, in its own words', () => {
  const { sibling } = adviceFor(byId, scopedSibling);
  expect(sibling).toMatchObject({
    file: 'app/api/notes/route.ts',
    line: 8,
    entryPoint: 'GET /api/notes',
    sameTable: true,
  });
  expect(sibling?.condition).toBe('eq(notes.teamId, user.teamId)');
  expect(sibling?.hint).toEqual([
    { sign: '-', text: '.where(eq(notes.id, id))' },
    { sign: '+', text: '.where(and(eq(notes.id, id), eq(notes.teamId, user.teamId)))' },
  ]);
});

test('a sibling that leaks itself is no pattern', () => {
  const leaking = {
    'app/api/notes/route.ts': scopedSibling['app/api/notes/route.ts'].replace(
      'eq(notes.teamId, user.teamId)',
      "eq(notes.title, 'x')",
    ),
  };
  const { findings } = judgeNotes(byId, leaking);
  expect(findings.map(finding => finding.advice?.sibling)).not.toContainEqual(
    expect.objectContaining({ file: 'app/api/notes/route.ts' }),
  );
});

test('each check nearby comes with the reason why it does not help', () => {
  const { nearby } = adviceFor(byId);
  expect(nearby.map(check => `${check.file}: ${check.why}`)).toEqual([
    "lib/session.ts: it proves who asks, not whose row of 'notes' this is",
  ]);
});

test('confidence is high where keys say who owns the row, and says what it rests on', () => {
  expect(adviceFor(byId)).toMatchObject({
    confidence: 'high',
    assumptions: ["A row of 'notes' belongs to the 'teams' that 'team_id' leads to, by its foreign key."],
  });
});

test('the comment that suppresses a finding can be copied', () => {
  const { suppress } = adviceFor(byId);
  expect(suppress.comment).toMatch(/^\/\/ drydock-ignore path\/[a-z-]+: <why this is right>$/);
  expect(suppress.place.file).toBe('app/api/notes/[id]/route.ts');
});

test.each([
  ['db.select().from(t).where(and(eq(t.id, id), eq(t.orgId, user.orgId)))', 'org_id', 'eq(t.orgId, user.orgId)'],
  ["supabase.from('notes').select().eq('org_id', member.orgId)", 'org_id', ".eq('org_id', member.orgId)"],
  ['prisma.note.findMany({ where: { orgId: session.orgId, archived: false } })', 'org_id', 'orgId: session.orgId'],
  ['prisma.note.findMany({ where: { id, orgId } })', 'orgId', 'orgId'],
  ['sql`select * from notes where org_id = ${orgId}`', 'org_id', 'org_id = ${orgId}'],
  ['db.select().from(t).where(eq(t.title, title))', 'org_id', undefined],
  ['prisma.note.findMany({ where: { id }, select: { orgId: true } })', 'org_id', undefined],
  ['prisma.note.update({ where: { id }, data: { orgId: other } })', 'org_id', undefined],
])('the condition on the owner is cut out of %s', (code, column, condition) => {
  expect(conditionInCode(code, column)).toBe(condition);
});

test.each([
  [
    'await prisma.note.update({\n  where: { id },\n  data: {} })',
    'orgId: session.orgId',
    '+ where: { orgId: session.orgId, id },',
  ],
  ["await supabase.from('notes')\n  .delete()\n  .eq('id', id)", ".eq('org_id', orgId)", "+ .eq('org_id', orgId)"],
  [
    'sql`delete from notes where id = ${id}`',
    'org_id = ${orgId}',
    '+ sql`delete from notes where org_id = ${orgId} and id = ${id}`',
  ],
  ['db.delete(notes)', 'eq(notes.orgId, orgId)', '+ .where(eq(notes.orgId, orgId))'],
  ['load(id)', 'orgId: session.orgId', ''],
])('the condition is put where the query builder takes it: %s', (code, condition, line) => {
  const added = hintFor(code, condition).filter(each => each.sign === '+');
  expect(added.map(each => `${each.sign} ${each.text}`).join('\n')).toBe(line);
});
