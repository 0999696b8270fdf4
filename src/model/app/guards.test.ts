import { describe, expect, test } from 'vitest';

import { onlyQuery, show, showFacts, traceApp, traceRoute, imports } from './fixtures/inline-app.ts';

const byId = 'const [note] = await db.select().from(notes).where(eq(notes.id, id));';
const handler = (body: string): string =>
  `export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) { const { id } = await params; ${body} }`;

describe('guards before a query', () => {
  test('a throwing helper two calls deep establishes the membership row', () => {
    const path = onlyQuery(
      handler(
        `const user = await requireUser(); const teamId = new URL(request.url).searchParams.get('team')!; await assertMember(user.id, teamId); return Response.json(await db.select().from(notes).where(eq(notes.teamId, teamId)));`,
      ),
    );
    expect(show(path.query.where)).toBe('self.team_id = client query.team');
    expect(showFacts(path.facts)).toContain(
      'row of members with (members.user_id = ‹user.id› and members.team_id = client query.team)',
    );
  });

  test('a boolean helper kept in a variable guards through its negation', () => {
    const path = onlyQuery(
      handler(
        `const user = await requireUser(); const ok = await isMember(user.id, id); if (!ok) return new Response(null, { status: 403 }); return Response.json(await db.select().from(notes).where(eq(notes.teamId, id)));`,
      ),
    );
    expect(showFacts(path.facts)).toContain(
      'row of members with (members.user_id = ‹user.id› and members.team_id = client params.id)',
    );
  });

  test('a boolean helper that nobody asks is weak', () => {
    const path = onlyQuery(
      handler(
        `const user = await requireUser(); await isMember(user.id, id); return Response.json(await db.select().from(notes).where(eq(notes.teamId, id)));`,
      ),
    );
    expect(showFacts(path.facts)).toContain(
      'result-dropped: row of members with (members.user_id = ‹user.id› and members.team_id = client params.id)',
    );
    expect(showFacts(path.facts).some(fact => fact.startsWith('row of members'))).toBe(false);
  });

  test('a throwing helper that is not awaited is weak', () => {
    const path = onlyQuery(
      handler(
        `const user = await requireUser(); assertMember(user.id, id); return Response.json(await db.select().from(notes).where(eq(notes.teamId, id)));`,
      ),
    );
    expect(showFacts(path.facts)).toContain(
      'not-awaited: row of members with (members.user_id = ‹user.id› and members.team_id = client params.id)',
    );
    expect(showFacts(path.facts).some(fact => fact.startsWith('row of members'))).toBe(false);
  });

  test('a boolean helper tested without await lets everyone through', () => {
    const path = onlyQuery(
      handler(
        `const user = await requireUser(); if (!isMember(user.id, id)) return new Response(null, { status: 403 }); return Response.json(await db.select().from(notes).where(eq(notes.teamId, id)));`,
      ),
    );
    expect(showFacts(path.facts).some(fact => fact.startsWith('row of members'))).toBe(false);
  });

  test('a guard whose failure is caught and forgotten fails open', () => {
    const path = onlyQuery(
      handler(
        `const user = await requireUser(); try { await assertMember(user.id, id); } catch (error) { console.error(error); } return Response.json(await db.select().from(notes).where(eq(notes.teamId, id)));`,
      ),
    );
    expect(showFacts(path.facts)).toContain(
      'fail-open: row of members with (members.user_id = ‹user.id› and members.team_id = client params.id)',
    );
    expect(showFacts(path.facts).some(fact => fact.startsWith('row of members'))).toBe(false);
  });

  test('a guard whose failure is caught and answered holds', () => {
    const path = onlyQuery(
      handler(
        `const user = await requireUser(); try { await assertMember(user.id, id); } catch (error) { return new Response(null, { status: 403 }); } return Response.json(await db.select().from(notes).where(eq(notes.teamId, id)));`,
      ),
    );
    expect(showFacts(path.facts)).toContain(
      'row of members with (members.user_id = ‹user.id› and members.team_id = client params.id)',
    );
  });

  test('what a branch found out is forgotten after the branch', () => {
    const path = onlyQuery(
      handler(
        `const user = await requireUser(); if (await isMember(user.id, id)) { console.log('member'); } return Response.json(await db.select().from(notes).where(eq(notes.teamId, id)));`,
      ),
    );
    expect(showFacts(path.facts).some(fact => fact.startsWith('row of members'))).toBe(false);
  });

  test('a role compared with a constant is a fact', () => {
    const path = onlyQuery(
      handler(
        `const user = await requireUser(); const [m] = await db.select().from(members).where(and(eq(members.userId, user.id), eq(members.teamId, id))); if (m?.role !== 'admin') notFound(); return Response.json(await db.select().from(notes).where(eq(notes.teamId, id)));`,
      ),
    );
    expect(showFacts(path.facts)).toContain('members.role = "admin"');
    expect(showFacts(path.facts)).toContain(
      'row of members with (members.user_id = ‹user.id› and members.team_id = client params.id)',
    );
  });

  test('a wrapper passes what it verified to the handler', () => {
    const path = onlyQuery(
      `import { withUser } from '@/lib/wrap'; export const GET = withUser(async ({ user }) => Response.json(await db.select().from(notes).where(eq(notes.teamId, user.teamId))));`,
      'notes',
      {
        'lib/wrap.ts': `import { requireUser } from './session'; export function withUser(handler: (context: { user: { teamId: string } }) => Promise<Response>) { return async (request: Request) => { const user = await requireUser(); return handler({ user }); }; }`,
      },
    );
    expect(path.principal).toBe('member');
    expect(show(path.query.where)).toBe('self.team_id = ‹tenant.id›');
  });

  test('a layout guards nothing on its page', () => {
    const traced = traceApp({
      'app/team/[id]/layout.tsx': `${imports} export default async function Layout({ params, children }) { const user = await requireUser(); await assertMember(user.id, (await params).id); return <div>{children}</div>; }`,
      'app/team/[id]/page.tsx': `${imports} export default async function Page({ params }) { const { id } = await params; const rows = await db.select().from(notes).where(eq(notes.teamId, id)); return <ul>{rows.map(row => <li>{row.title}</li>)}</ul>; }`,
    });
    const path = traced.queries.find(candidate => candidate.entryPoint.name === 'page /team/[id]');
    expect(path?.principal).toBe('anonymous');
    expect(showFacts(path?.facts ?? [])).toContain(
      'layout-only: row of members with (members.user_id = ‹user.id› and members.team_id = client params.id)',
    );
  });
});

describe('comparisons after the load', () => {
  test('a comparison that leaves otherwise holds wherever the row is used', () => {
    const path = onlyQuery(
      handler(
        `const user = await requireUser(); ${byId} if (!note || note.teamId !== user.teamId) notFound(); return Response.json(note);`,
      ),
    );
    expect(show(path.query.where)).toBe('self.id = client params.id');
    expect(showFacts(path.factsAfter)).toContain('self.team_id = ‹tenant.id›');
    expect(path.escapes).toBe(true);
  });

  test('a row that one of two answers shows unguarded has no such fact', () => {
    const path = onlyQuery(
      handler(
        `const user = await requireUser(); ${byId} if (request.headers.get('x-preview')) return Response.json(note); if (!note || note.teamId !== user.teamId) notFound(); return Response.json(note);`,
      ),
    );
    expect(showFacts(path.factsAfter)).not.toContain('self.team_id = ‹tenant.id›');
  });

  test('a look-up that was compared guards the write that follows', () => {
    const [update] = traceRoute(
      handler(
        `const user = await requireUser(); ${byId} if (!note || note.teamId !== user.teamId) notFound(); await db.update(notes).set({ title: 'x' }).where(eq(notes.id, id)); return new Response();`,
      ),
    ).filter(path => path.query.operation === 'update');
    expect(showFacts(update?.facts ?? [])).toEqual(
      expect.arrayContaining(['row of notes with notes.id = client params.id', 'notes.team_id = ‹tenant.id›']),
    );
  });

  test('a helper that gives null for a foreign row guards its caller', () => {
    const path = onlyQuery(
      `import { findNote } from '@/lib/notes'; ${handler(`const user = await requireUser(); const note = await findNote(id, user.teamId); if (!note) notFound(); return Response.json(note);`)}`,
      'notes',
      {
        'lib/notes.ts': `${imports} export async function findNote(id: string, teamId: string) { const note = await db.query.notes.findFirst({ where: eq(notes.id, id) }); if (!note || note.teamId !== teamId) return null; return note; }`,
      },
    );
    expect(showFacts(path.factsAfter)).toContain('self.team_id = ‹tenant.id›');
  });
});

describe('guards that only look like guards', () => {
  test('a guard that runs beside a write does not guard it, and guards what comes after', () => {
    const beside = traceRoute(
      handler(
        `const user = await requireUser(); await Promise.all([assertMember(user.id, id), db.delete(notes).where(eq(notes.teamId, id))]); return new Response();`,
      ),
    ).find(path => path.query.operation === 'delete');
    expect(showFacts(beside?.facts ?? []).some(fact => fact.startsWith('row of members'))).toBe(false);
    const after = traceRoute(
      handler(
        `const user = await requireUser(); await Promise.all([assertMember(user.id, id)]); await db.delete(notes).where(eq(notes.teamId, id)); return new Response();`,
      ),
    ).find(path => path.query.operation === 'delete');
    expect(showFacts(after?.facts ?? []).some(fact => fact.startsWith('row of members'))).toBe(true);
  });

  test('an address of the environment is no secret', () => {
    const path = onlyQuery(
      handler(
        `if (request.headers.get('origin') !== process.env.APP_URL) return new Response(null, { status: 403 }); return Response.json(await db.select().from(notes));`,
      ),
    );
    expect(path.principal).toBe('anonymous');
  });

  test('a check of one of two ids says nothing of the other', () => {
    const path = onlyQuery(
      handler(
        `const user = await requireUser(); const { teamId, noteId } = await request.json(); await assertMember(user.id, teamId); return Response.json(await db.select().from(notes).where(eq(notes.id, noteId)));`,
      ),
    );
    expect(show(path.query.where)).toBe('self.id = client body.noteId');
    expect(showFacts(path.facts)).toContain(
      'row of members with (members.user_id = ‹user.id› and members.team_id = client body.teamId)',
    );
  });

  test('a negated comparison in one of two disjuncts leaves the other way open', () => {
    const path = onlyQuery(
      handler(
        `const user = await requireUser(); ${byId} if (!note || (note.teamId !== user.teamId && note.folderId !== 'public')) notFound(); return Response.json(note);`,
      ),
    );
    expect(showFacts(path.factsAfter)).toEqual([
      '(self.team_id = ‹tenant.id› or (self.team_id <> ‹tenant.id› and self.folder_id = "public"))',
    ]);
  });
});

describe('what callbacks do', () => {
  test('what a callback pushed into an array may be there afterwards', () => {
    const [insert] = traceRoute(
      handler(
        `const rows = []; ['a', 'b'].forEach(title => { rows.push({ teamId: id, title }); }); if (rows.length > 0) await db.insert(notes).values(rows[0]); return new Response();`,
      ),
    ).filter(path => path.query.operation === 'insert');
    expect(insert?.query.values.map(({ column }) => column)).toEqual(['team_id', 'title']);
  });

  test('rows that a stream hands out reach the caller', () => {
    const path = onlyQuery(
      handler(
        `const stream = new ReadableStream({ async start(controller) { const rows = await db.select().from(notes); for (const row of rows) controller.enqueue(row.title); controller.close(); } }); return new Response(stream);`,
      ),
    );
    expect(path.escapes).toBe(true);
  });

  test('a chain that stops at a missing session proves no session; one that throws does', () => {
    const reader = (read: string): string =>
      `import { auth } from '@/lib/auth'; export async function GET() { const session = await auth.api.getSession({}); const team = ${read}; return Response.json(await db.select().from(notes).where(eq(notes.teamId, team))); }`;
    expect(onlyQuery(reader('session?.session.activeOrganizationId')).principal).toBe('anonymous');
    expect(onlyQuery(reader('session!.session.activeOrganizationId')).principal).toBe('member');
  });

  test('what is only declared to exist does not hide what is there', () => {
    const files = {
      'lib/kept.ts': `import { db as made } from './db'; declare const globalThis: { kept?: typeof made }; export const db = globalThis.kept ?? made; globalThis.kept = db;`,
    };
    const body = `import { db as kept } from '@/lib/kept'; export async function GET() { return Response.json(await kept.select().from(notes)); }`;
    expect(show(onlyQuery(body, 'notes', files).query.where)).toBe('true');
  });

  test('a helper lets members pass or whoever made the row: one of both holds; one that lets anybody named pass says nothing', () => {
    const facts = (own: string): readonly string[] =>
      showFacts(
        traceRoute(
          `async function assertMayEdit(userId: string, teamId: string, by: string | null) { if (await isMember(userId, teamId)) return; if (${own}) return; throw new Error('no'); }
           export async function POST(request: Request) { const user = await requireUser(); const { id } = await request.json(); const [note] = await db.select().from(notes).where(eq(notes.id, id)); if (!note) notFound(); await assertMayEdit(user.id, note.teamId, note.folderId ?? null); await db.delete(notes).where(eq(notes.id, note.id)); return new Response(); }`,
        ).find(path => path.query.operation === 'delete')?.facts ?? [],
      );
    const isEither = (fact: string): boolean => fact.includes(' or ') && fact.includes('notes.folder_id = ‹user.id›');
    expect(facts('by && by === userId').some(isEither)).toBe(true);
    expect(facts('by || by === userId').some(isEither)).toBe(false);
    expect(facts('by && by !== userId').some(isEither)).toBe(false);
  });
});
