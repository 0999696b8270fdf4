import { describe, expect, test } from 'vitest';

import { imports, onlyQuery, show, showFacts, traceApp } from '../../fixtures/inline-app.ts';

const read = (team: string): string => `Response.json(await db.select().from(notes).where(eq(notes.teamId, ${team})))`;

/** The only query of `GET /api/notes/[id]` that runs inside middleware of this text. */
function behind(middleware: string, route: string): ReturnType<typeof onlyQuery> {
  return onlyQuery(`import { withTeam } from '@/lib/middleware'; ${route}`, 'notes', {
    'lib/middleware.ts': `${imports} ${middleware}`,
  });
}

describe('what middleware writes onto the request', () => {
  test('belongs to the session, although the object came from the caller', () => {
    const path = behind(
      `export const withTeam = (handler: Handler) => async (request: Request, context: unknown) => { const user = await requireUser(); const authed = request as Authed; authed.auth = { userId: user.id, teamId: user.teamId }; return handler(request as Authed, context); };`,
      `export const GET = withTeam(async request => ${read('request.auth.teamId')});`,
    );
    expect(show(path.query.where)).toBe('self.team_id = ‹tenant.id›');
    expect(path.principal).toBe('member');
  });

  test('is kept through a clone and several middleware', () => {
    const path = behind(
      `async function who(request: Request): Promise<Authed | Response> { const user = await requireUser(); const authed = request.clone() as Authed; authed.auth = { userId: user.id }; authed.log = console; return authed; }
       async function team(request: Request) { const authed = await who(request); if (authed instanceof Response) return authed; const teamId = request.headers.get('x-team'); if (!teamId) return new Response(null, { status: 403 }); if (!(await isMember(authed.auth.userId, teamId))) return new Response(null, { status: 403 }); const next = authed.clone() as Authed; next.auth = { userId: authed.auth.userId, teamId }; return next; }
       const run = (handler: Handler, middleware: Middleware) => async (request: Request, context: unknown) => { try { const enhanced = await middleware(request); if (enhanced instanceof Response) return enhanced; return await handler(enhanced, context); } catch (error) { return new Response(null, { status: 500 }); } };
       export const withTeam = (handler: Handler) => run(handler, team);`,
      `export const GET = withTeam(async request => ${read('request.auth.teamId')});`,
    );
    expect(show(path.query.where)).toBe('self.team_id = client header.x-team');
    expect(showFacts(path.facts)).toContain(
      'row of members with (members.user_id = ‹user.id› and members.team_id = client header.x-team)',
    );
  });

  test('is the caller’s own choice when the caller sent it', () => {
    const path = behind(
      `export const withTeam = (handler: Handler) => async (request: Request, context: unknown) => { const user = await requireUser(); const authed = request as Authed; authed.auth = { userId: user.id, teamId: request.headers.get('x-team')! }; return handler(authed, context); };`,
      `export const GET = withTeam(async request => ${read('request.auth.teamId')});`,
    );
    expect(show(path.query.where)).toBe('self.team_id = client header.x-team');
    expect(showFacts(path.facts).some(fact => fact.startsWith('row of members'))).toBe(false);
  });

  test('by a helper that fills the request it is given', () => {
    const path = behind(
      `async function attach(request: Authed) { const user = await requireUser(); request.user = user; }
       export const withTeam = (handler: Handler) => async (request: Authed, context: unknown) => { await attach(request); return handler(request, context); };`,
      `export const GET = withTeam(async request => ${read('request.user.teamId')});`,
    );
    expect(show(path.query.where)).toBe('self.team_id = ‹tenant.id›');
  });

  test('on the responder of an API route is there for the next function', () => {
    const traced = traceApp({
      'pages/api/notes.ts': `${imports}
        const withUser = (handler: Handler) => async (req: Req, res: Res) => { const user = await requireUser(); res.locals.user = user; return handler(req, res); };
        export default withUser(async (req, res) => { res.json(await db.select().from(notes).where(eq(notes.teamId, res.locals.user.teamId))); });`,
    });
    const path = traced.queries.find(candidate => candidate.query.table === 'notes');
    expect(path === undefined ? '' : show(path.query.where)).toBe('self.team_id = ‹tenant.id›');
  });
});

describe('middleware that is composed', () => {
  const compose = `const compose = (...wrappers: Wrapper[]) => (handler: Handler) => wrappers.reduceRight((inner, wrap) => wrap(inner), handler);
    const logged = (handler: Handler) => async (request: Authed, context: unknown) => { console.log(request.url); return handler(request, context); };
    const authed = (handler: Handler) => async (request: Authed, context: unknown) => { request.user = await requireUser(); return handler(request, context); };`;

  test('each of the wrappers runs', () => {
    const path = behind(
      `${compose} export const withTeam = compose(logged, authed);`,
      `export const GET = withTeam(async request => ${read('request.user.teamId')});`,
    );
    expect(show(path.query.where)).toBe('self.team_id = ‹tenant.id›');
    expect(path.principal).toBe('member');
  });

  test('without the one that asks who calls nobody is known', () => {
    const path = behind(
      `${compose} export const withTeam = compose(logged);`,
      `export const GET = withTeam(async (request, { params }) => ${read('(await params).id')});`,
    );
    expect(path.principal).toBe('anonymous');
  });

  test('methods of a class are handlers too', () => {
    const path = onlyQuery(`
      class Notes { async list(request: Request) { const user = await requireUser(); return ${read('user.teamId')}; } }
      const controller = new Notes();
      export const GET = (request: Request) => controller.list(request);`);
    expect(show(path.query.where)).toBe('self.team_id = ‹tenant.id›');
  });
});
