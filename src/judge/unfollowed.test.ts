import { describe, expect, test } from 'vitest';

import { judgeNotes, notesDatabase } from './fixtures/judged-notes.ts';
import { settlings } from './settle.ts';

const route = (body: string, more = ''): string => `
  import { authorize, getSession, trackUser, withSession } from '@acme/auth';
  import { requireTeam } from '@acme/platform';
  import { limiter } from '@acme/ratelimit';
  import { Permit } from 'permitio';
  ${more}
  const permit = new Permit({ token: process.env.PERMIT_TOKEN });
  export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) { const { id } = await params; ${body} }`;
const byId = 'return Response.json(await db.select().from(notes).where(eq(notes.id, id)));';

/** Verdicts on notes of a route handler. */
function verdicts(text: string): readonly string[] {
  const { judged } = judgeNotes(text);
  return judged.paths.filter(path => path.sink.table === 'notes').map(path => `${path.verdict} ${path.reason}`);
}

describe('a guard whose code is not there', () => {
  test('leaves open whose row it is when it is given what selects the row', () => {
    expect(
      verdicts(route(`const session = await getSession(); await authorize(session, 'read', id); ${byId}`)),
    ).toEqual(['unknown opaque']);
    expect(
      verdicts(
        route(
          `const session = await getSession(); if (!(await permit.check(session.user.id, 'read', { type: 'note', key: id }))) return new Response(null, { status: 403 }); ${byId}`,
        ),
      ),
    ).toEqual(['unknown opaque']);
  });

  test('leaves a row open that it is given itself', () => {
    const found =
      'const [note] = await db.select().from(notes).where(eq(notes.id, id)); if (!note) return new Response(null, { status: 404 });';
    expect(
      verdicts(
        route(
          `const session = await getSession(); ${found} await authorize(session, 'delete', note); await db.delete(notes).where(eq(notes.id, id)); return new Response(null);`,
        ),
      ),
    ).toContain('unknown opaque');
  });

  test('says nothing of a row that something else selects', () => {
    expect(verdicts(route(`const session = await getSession(); ${byId}`))).toEqual(['leaks client-id']);
    expect(
      verdicts(
        route(
          `const session = await getSession(); await authorize(session, 'read', (await request.json()).team); ${byId}`,
        ),
      ),
    ).toEqual(['leaks client-id']);
  });

  test('may be what tells who asks', () => {
    const bySession = 'return Response.json(await db.select().from(notes).where(eq(notes.teamId, session.teamId)));';
    expect(verdicts(route(`const session = await getSession(request); ${bySession}`))).toEqual(['unknown opaque']);
    expect(
      verdicts(route(`const session = await requireTeam(request.headers.get('authorization')); ${bySession}`)),
    ).toEqual(['unknown opaque']);
    expect(
      verdicts(
        route(
          'return new Response(null);',
          `export const POST = withSession(async (request: Request, session: any) => { ${bySession} });`,
        ),
      ),
    ).toEqual(['unknown opaque']);
  });

  test('is none where it counts, tracks or limits', () => {
    expect(verdicts(route(`await trackUser(id); ${byId}`))).toEqual(['leaks no-authentication']);
    expect(verdicts(route(`await limiter.check(id); ${byId}`))).toEqual(['leaks no-authentication']);
    expect(verdicts(route(`await requireUser(); await limiter.check(id); ${byId}`))).toEqual(['leaks client-id']);
  });

  test('is none after the query, or on another way', () => {
    expect(
      verdicts(
        route(
          `const rows = await db.select().from(notes).where(eq(notes.id, id)); if (request.url === '/') await authorize(request, id); return Response.json(rows);`,
        ),
      ),
    ).toEqual(['leaks no-authentication']);
  });

  test('asks to be declared where the app wraps it', () => {
    const { judged, tenancy, source } = judgeNotes(
      `import { requireNote } from '@/lib/guard';
       export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) { const { id } = await params; await requireUser(); await requireNote(id); ${byId} }`,
      {
        'lib/guard.ts': `import { authorize } from '@acme/auth'; export async function requireNote(id: string) { await authorize('note', id); }`,
      },
    );
    expect(
      settlings(judged.paths, { database: notesDatabase, tenancy, modules: source.loaded() }).map(
        each => each.declaration,
      ),
    ).toEqual([`guards: { 'lib/guard.ts#requireNote': { member: 'arguments[0]' } }`]);
  });
});
