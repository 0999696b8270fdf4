import { describe, expect, test } from 'vitest';
import { imports, show, showFacts, traceApp } from '../../fixtures/inline-app.ts';

const start = `${imports} import Koa from 'koa'; import Router from '@koa/router'; import { auth } from '@/lib/auth';
  const signedIn = async (ctx, next) => {
    const session = await auth.api.getSession({ headers: ctx.headers });
    if (!session) ctx.throw(401, 'no');
    ctx.state.user = { id: session.user.id, teamId: session.session.activeOrganizationId };
    await next();
  };
  const one = async ctx => { ctx.body = await db.select().from(notes).where(and(eq(notes.id, ctx.params.id), eq(notes.teamId, ctx.state.user.teamId))); };
  const loose = async ctx => { ctx.body = await db.select().from(notes).where(eq(notes.id, ctx.params.id)); };
  const every = async ctx => { ctx.body = await db.select().from(notes); };`;

const page = { 'app/page.tsx': 'export default function Page() { return null; }' };

function traced(code: string, more: Readonly<Record<string, string>> = {}): readonly string[] {
  return traceApp({ ...page, 'server/app.ts': `${start} ${code}`, ...more })
    .queries.filter(path => path.query.table === 'notes')
    .map(path => `${path.entryPoint.name} ${path.principal}: ${show(path.query.where)}`)
    .toSorted();
}

describe('Koa', () => {
  test('each route is an entry point; what a stage writes into the state belongs to the session', () => {
    expect(
      traced(`const app = new Koa(); const router = new Router({ prefix: '/api' });
        router.get('/open/:id', loose);
        router.get('/notes/:id', signedIn, one);
        router.del('/notes/:id', signedIn, async ctx => { await db.delete(notes).where(eq(notes.id, ctx.params.id)); ctx.status = 204; });
        router.post('rename', '/notes/:id/name', signedIn, async ctx => { await db.update(notes).set({ title: ctx.request.body.title }).where(eq(notes.id, ctx.params.id)); ctx.body = 'ok'; });
        app.use(router.routes()).use(router.allowedMethods()); app.listen(3000);`),
    ).toEqual([
      'DELETE /api/notes/:id member: self.id = client params.id',
      'GET /api/notes/:id member: (self.id = client params.id and self.team_id = ‹tenant.id›)',
      'GET /api/open/:id anonymous: self.id = client params.id',
      'POST /api/notes/:id/name member: self.id = client params.id',
    ]);
  });

  test('what is written to the body leaves, and what is only loaded does not', () => {
    const leaving = (body: string): readonly boolean[] =>
      traceApp({
        ...page,
        'server/app.ts': `${start} const app = new Koa(); const router = new Router(); router.get('/notes/:id', async ctx => { const rows = await db.select().from(notes).where(eq(notes.id, ctx.params.id)); ${body} }); app.use(router.routes());`,
      })
        .queries.filter(path => path.query.table === 'notes')
        .map(path => path.escapes);
    expect(leaving('ctx.body = rows;')).toEqual([true]);
    expect(leaving('ctx.response.body = { rows };')).toEqual([true]);
    expect(leaving('console.log(rows.length); ctx.status = 204;')).toEqual([false]);
  });

  test('stages of the app run before the routes that are told after them; those of a router before its own only', () => {
    expect(
      traced(`const app = new Koa(); const open = new Router(); const closed = new Router();
        open.get('/open', every); closed.use(signedIn); closed.get('/notes', every);
        const late = new Router(); late.get('/late', every);
        app.use(closed.routes()); app.use(open.routes()); app.use(signedIn); app.use(late.routes());`),
    ).toEqual(['GET /late member: true', 'GET /notes member: true', 'GET /open anonymous: true']);
  });

  test('routers inside routers keep what runs before them, of other files as well', () => {
    expect(
      traced(
        `import list from './list'; const app = new Koa(); const api = new Router({ prefix: '/v1' });
        api.use('/teams/:team', signedIn, list.routes()); app.use(api.routes());`,
        {
          'server/list.ts': `${start} const router = new Router({ prefix: '/notes' }); router.get('/', async ctx => { ctx.body = await db.select().from(notes).where(eq(notes.teamId, ctx.params.team)); }); export default router;`,
        },
      ),
    ).toEqual(['GET /v1/teams/:team/notes member: self.team_id = client params.team']);
  });

  test('a stage that goes on without a session does not guard; one that answers instead does', () => {
    expect(
      traced(`const app = new Koa(); const router = new Router();
        app.use(async (ctx, next) => { const session = await auth.api.getSession({ headers: ctx.headers }); if (session) ctx.state.user = session.user; await next(); });
        router.get('/notes', every);
        router.get('/own', async (ctx, next) => { if (!ctx.state.user) { ctx.status = 401; ctx.body = 'no'; return; } await next(); }, every);
        app.use(router.routes());`),
    ).toEqual(['GET /notes anonymous: true', 'GET /notes member: true', 'GET /own member: true']);
  });

  test('addresses that a list leaves open are open, and no others', () => {
    expect(
      traced(`const open = ['/health', /^\\/share\\//]; const app = new Koa(); const router = new Router();
        app.use(async (ctx, next) => {
          if (open.some(one => typeof one === 'string' ? one === ctx.path : one.test(ctx.path))) return next();
          return signedIn(ctx, next);
        });
        router.get('/health', every); router.get('/share/:id', loose); router.get('/notes', every);
        app.use(router.routes());`),
    ).toEqual([
      'GET /health anonymous: true',
      'GET /notes member: true',
      'GET /share/:id anonymous: self.id = client params.id',
    ]);
  });

  test('an address that may be in the list is open and closed', () => {
    expect(
      traced(`const open = []; if (process.env.SELF_HOSTED) open.push('/notes'); const app = new Koa(); const router = new Router();
        app.use(async (ctx, next) => (open.some(one => one === ctx.path) ? next() : signedIn(ctx, next)));
        router.get('/notes', every); app.use(router.routes());`),
    ).toEqual(['GET /notes anonymous: true', 'GET /notes member: true']);
  });

  test('a team that the caller names holds only behind the question whether they belong to it', () => {
    const app = traceApp({
      ...page,
      'server/app.ts': `${start} const app = new Koa(); const router = new Router();
        const named = async (ctx, next) => { ctx.state.teamId = ctx.query.team; await next(); };
        const checked = async (ctx, next) => { if (!(await isMember(ctx.state.user.id, ctx.query.team))) ctx.throw(403); ctx.state.teamId = ctx.query.team; await next(); };
        const own = async ctx => { ctx.body = await db.select().from(notes).where(eq(notes.teamId, ctx.state.teamId)); };
        router.use(signedIn); router.get('/named', named, own); router.get('/checked', checked, own);
        app.use(router.routes());`,
    });
    const guards = app.queries
      .filter(path => path.query.table === 'notes')
      .map(
        path =>
          `${path.entryPoint.name}: ${String(showFacts(path.facts).some(fact => fact.startsWith('row of members')))}`,
      );
    expect(guards.toSorted()).toEqual(['GET /checked: true', 'GET /named: false']);
  });

  test('a verified token names who asks, also in composed stages; addresses left out are open', () => {
    const own = `async ctx => { ctx.body = await db.select().from(notes).where(eq(notes.teamId, ctx.state.user.orgId)); }`;
    expect(
      traced(`import jwt from 'koa-jwt'; import compose from 'koa-compose'; import mount from 'koa-mount'; import bodyParser from 'koa-bodyparser';
        const app = new Koa(); app.use(bodyParser()); app.use(jwt({ secret: process.env.SECRET }).unless({ path: [/^\\/open/] }));
        const router = new Router(); router.get('/open', every); router.get('/own', ${own}); app.use(router.routes());
        const admin = new Koa(); const inner = new Router(); inner.get('/notes', every); admin.use(compose([jwt({ secret: 'x', key: 'admin' }), inner.routes()]));
        app.use(mount('/admin', inner.routes()));`),
    ).toEqual([
      'GET /admin/notes member: true',
      'GET /open anonymous: true',
      'GET /own member: self.team_id = ‹tenant.id›',
    ]);
  });

  test('what a package of which nothing is known may have written is not known', () => {
    const [path, ...more] = traceApp({
      ...page,
      'server/app.ts': `${start} import gate from 'some-gate'; const app = new Koa(); const router = new Router(); app.use(gate());
        router.get('/notes', async ctx => { ctx.body = await db.select().from(notes).where(eq(notes.teamId, ctx.state.account.teamId)); }); app.use(router.routes());`,
    }).queries.filter(each => each.query.table === 'notes');
    expect(more).toEqual([]);
    expect(path === undefined ? '' : show(path.query.where)).toBe('self.team_id = opaque');
  });

  test('a router that nothing mounts is a gap, and its routes are run', () => {
    const app = traceApp({
      ...page,
      'server/app.ts': `${start} export const router = new Router(); router.get('/notes', every);`,
    });
    expect(app.queries.map(path => path.entryPoint.name)).toEqual(['GET /notes']);
    expect(app.model.gaps.map(gap => gap.reason)).toEqual([
      'Nothing was found that mounts this router; what runs before its routes is not known.',
    ]);
  });
});
