import { describe, expect, test } from 'vitest';
import { readConfig } from '../config/read-config.ts';
import { judgeNotes } from './fixtures/judged-notes.ts';

/** Helpers that end in a package that nobody models. */
const access = {
  'lib/remote.ts': `
    import { ask, session } from 'acme-identity';
    export async function canUse(teamId: string) { return ask(teamId); }
    export async function mustUse(teamId: string) { await ask(teamId); }
    export async function decide(teamId: string) { const answer = await ask(teamId); return answer ? { ok: true } : { ok: false }; }
    export async function me() { return session(); }
    export const { whoAmI } = session('factory');`,
};

const imported = "import { canUse, mustUse, decide, me, whoAmI } from '@/lib/remote';";

function verdicts(body: string, config?: string): readonly string[] {
  const route = `${imported}
    export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) {
      const query = new URL(request.url).searchParams;
      const teamId = query.get('team')!;
      const other = query.get('other')!;
      ${body}
    }`;
  const declared =
    config === undefined ? undefined : readConfig('drydock.config.ts', `export default defineConfig(${config})`);
  const { judged } = judgeNotes(route, access, declared);
  return judged.paths.filter(path => path.sink.table === 'notes').map(path => `${path.verdict} ${path.reason}`);
}

const rows = 'const rows = await db.select().from(notes).where(eq(notes.teamId, teamId)); return Response.json(rows);';
const guards = (declaration: string): string => `{ guards: { ${declaration} } }`;

describe('a guard that is declared', () => {
  const canUse = guards("'lib/remote.ts#canUse': { member: 'arguments[0]' }");
  const guarded = `if (!(await canUse(teamId))) return new Response(null, { status: 403 }); ${rows}`;

  test('ties the tenant that it was given, where following it did not tell', () => {
    expect(verdicts(guarded)).not.toContain('isolated scoped-by-membership');
    expect(verdicts(guarded, canUse)).toEqual(['isolated scoped-by-membership']);
  });

  test('does nothing for another tenant than the one it was given', () => {
    const confused = guarded.replace('canUse(teamId)', 'canUse(other)');
    expect(verdicts(confused, canUse).join()).toMatch(/^leaks/);
  });

  test('does nothing when it is not awaited, or its answer is not used', () => {
    expect(verdicts(guarded.replace('(await canUse(teamId))', 'canUse(teamId)'), canUse).join()).toMatch(/^leaks/);
    expect(verdicts(`await canUse(teamId); ${rows}`, canUse).join()).toMatch(/^leaks/);
  });

  test('does nothing on the way on which it refused', () => {
    const inverted = guarded.replace('!(await canUse(teamId))', 'await canUse(teamId)');
    expect(verdicts(inverted, canUse).join()).toMatch(/^leaks/);
  });

  test('that returns nothing holds once it has returned, and not before it is awaited', () => {
    const mustUse = guards("'lib/remote.ts#mustUse': { member: 'arguments[0]' }");
    expect(verdicts(`await mustUse(teamId); ${rows}`, mustUse)).toEqual(['isolated scoped-by-membership']);
    expect(verdicts(`void mustUse(teamId); ${rows}`, mustUse).join()).toMatch(/^leaks/);
  });

  test('that answers with an object holds where the named field is true', () => {
    const decide = guards("'lib/remote.ts#decide': { member: 'arguments[0]', when: 'result.ok' }");
    const used = `const answer = await decide(teamId); if (!answer.ok) return new Response(null, { status: 403 }); ${rows}`;
    expect(verdicts(used, decide)).toEqual(['isolated scoped-by-membership']);
    expect(verdicts(used.replace('!answer.ok', 'answer.ok'), decide).join()).toMatch(/^leaks/);
  });

  test('that answers with an object on every way establishes nothing until one says when', () => {
    const decide = guards("'lib/remote.ts#decide': { member: 'arguments[0]' }");
    const used = `const answer = await decide(teamId); if (!answer) return new Response(null, { status: 403 }); ${rows}`;
    expect(verdicts(used, decide).join()).toMatch(/^leaks/);
    const config = readConfig('drydock.config.ts', `export default ${decide}`);
    const { app } = judgeNotes(
      `${imported} export async function GET() { return Response.json(await decide('t')); }`,
      access,
      config,
    );
    expect(app.declared?.unclear).toEqual(['lib/remote.ts#decide']);
  });

  test('of a system lets every row through, as a scheduler may', () => {
    const system = guards("'lib/remote.ts#canUse': { system: true }");
    const used = `if (!(await canUse('cron'))) return new Response(null, { status: 401 }); return Response.json(await db.select().from(notes));`;
    expect(verdicts(used, system)).toEqual(['isolated system']);
    expect(verdicts(used).join()).toMatch(/^leaks/);
  });
});

describe('a principal that is declared', () => {
  const session = `const user = await me(); if (!user) return new Response(null, { status: 401 });
    return Response.json(await db.select().from(notes).where(eq(notes.teamId, user.team.id)));`;
  const declared = "{ principals: { 'lib/remote.ts#me': { user: 'result.id', tenant: 'result.team.id' } } }";

  test('says whose tenant a value of the session is', () => {
    expect(verdicts(session)).not.toContain('isolated scoped-by-session');
    expect(verdicts(session, declared)).toEqual(['isolated scoped-by-session']);
  });

  test('does nothing for a value that the caller sends beside it', () => {
    expect(verdicts(session.replace('user.team.id', 'teamId'), declared).join()).toMatch(/^leaks/);
  });

  test('may be a function that a package made', () => {
    const made = session.replace('me()', 'whoAmI()');
    const config = "{ principals: { 'lib/remote.ts#whoAmI': { user: 'result.id', tenant: 'result.team.id' } } }";
    expect(verdicts(made, config)).toEqual(['isolated scoped-by-session']);
  });
});

describe('an entry point that is declared public', () => {
  const open = 'return Response.json(await db.select().from(notes).where(eq(notes.id, teamId)));';

  test('has the verdict public, with the reason', () => {
    expect(verdicts(open).join()).toMatch(/^leaks/);
    expect(verdicts(open, "{ public: { entries: { 'GET /api/notes/[id]': 'share links' } } }")).toEqual([
      'public declared-public',
    ]);
  });

  test('says nothing of another entry point', () => {
    expect(verdicts(open, "{ public: { entries: { 'GET /api/notes': 'share links' } } }").join()).toMatch(/^leaks/);
  });
});
