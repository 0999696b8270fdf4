import { describe, expect, test } from 'vitest';
import { imports, show, traceApp } from '../../fixtures/inline-app.ts';

const start = `${imports} import { Hono } from 'hono'; import { z } from 'zod'; import { auth } from '@/lib/auth';
  const signedIn = async (c, next) => {
    const session = await auth.api.getSession({ headers: c.req.raw.headers });
    if (!session) return c.json({ error: 'no' }, 401);
    c.set('user', session.user);
    c.set('teamId', session.session.activeOrganizationId);
    await next();
  };`;

const page = { 'app/page.tsx': 'export default function Page() { return null; }' };

function traced(code: string, more: Readonly<Record<string, string>> = {}): readonly string[] {
  return traceApp({ ...page, 'server/app.ts': `${start} ${code}`, ...more })
    .queries.map(path => `${path.entryPoint.name} ${path.principal}: ${show(path.query.where)}`)
    .toSorted();
}

describe('Hono', () => {
  test('each route is an entry point; what a middleware sets before is its context', () => {
    expect(
      traced(`
        const app = new Hono();
        app.get('/open/:id', async c => c.json(await db.select().from(notes).where(eq(notes.id, c.req.param('id')))));
        app.use(signedIn);
        app.get('/notes/:id', async c => c.json(await db.select().from(notes).where(and(eq(notes.id, c.req.param('id')), eq(notes.teamId, c.get('teamId'))))));
        app.delete('/notes/:id', async c => { await db.delete(notes).where(eq(notes.id, c.req.param('id'))); return c.body(null, 204); });
        export default app;`),
    ).toEqual([
      'DELETE /notes/:id member: self.id = client params.id',
      'GET /notes/:id member: (self.id = client params.id and self.team_id = ‹tenant.id›)',
      'GET /open/:id anonymous: self.id = client params.id',
    ]);
  });

  test('what the check of a token sets is there for the route', () => {
    const app = (set: string) => `import { bearerAuth } from 'hono/bearer-auth'; import { jwtVerify } from 'jose';
        const app = new Hono();
        app.use(bearerAuth({ verifyToken: async (token, c) => {
          const { payload } = await jwtVerify(token, new TextEncoder().encode(process.env.SECRET));
          if (!payload.teamId) return false;
          ${set}
          return true;
        } }));
        app.get('/notes', async c => c.json(await db.select().from(notes).where(eq(notes.teamId, c.get('team')))));
        export default app;`;
    expect(traced(app(`c.set('team', payload.teamId);`))).toEqual(['GET /notes member: self.team_id = ‹tenant.id›']);
    expect(traced(app(''))).toEqual(['GET /notes member: self.team_id = opaque']);
  });

  test('a middleware guards the paths that it was told for, and those that come after it only', () => {
    const list = `async c => c.json(await db.select().from(notes))`;
    expect(
      traced(`
        const app = new Hono();
        app.get('/early', ${list});
        app.use('/admin/*', signedIn);
        app.get('/admin/notes', ${list});
        app.get('/notes', ${list});
        app.get('/:section/notes', ${list});
        export default app;`),
    ).toEqual([
      'GET /:section/notes anonymous: true',
      'GET /admin/notes member: true',
      'GET /early anonymous: true',
      'GET /notes anonymous: true',
    ]);
  });

  test('routers of other files keep their own middleware and get that of the app above', () => {
    expect(
      traced(
        `import { noteRoutes } from './notes'; import { openRoutes } from './open';
         const app = new Hono().basePath('/api').route('/open', openRoutes).use(signedIn).route('/notes', noteRoutes);
         export default app;`,
        {
          'server/notes.ts': `${imports} import { Hono } from 'hono'; export const noteRoutes = new Hono().get('/', async c => c.json(await db.select().from(notes).where(eq(notes.teamId, c.var.teamId))));`,
          'server/open.ts': `${imports} import { Hono } from 'hono'; const routes = new Hono(); routes.get('/', async c => c.json(await db.select().from(notes))); export { routes as openRoutes };`,
        },
      ),
    ).toEqual(['GET /api/notes member: self.team_id = ‹tenant.id›', 'GET /api/open anonymous: true']);
  });

  test('validated parts of a request are the caller’s still, in the shape of the schema', () => {
    expect(
      traced(`
        import { zValidator } from '@hono/zod-validator';
        const app = new Hono();
        app.post('/notes', signedIn, zValidator('json', z.object({ id: z.string() })), async c => { const { id, other } = c.req.valid('json'); return c.json(await db.select().from(notes).where(and(eq(notes.id, id), eq(notes.folderId, other ?? 'none')))); });
        export default app;`),
    ).toEqual(['POST /notes member: (self.id = client body.id and self.folder_id = "none")']);
  });

  test('a described route has its middleware and its schemas in its description', () => {
    expect(
      traced(`
        import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
        const app = new OpenAPIHono();
        const byId = createRoute({ method: 'get', path: '/{id}', middleware: [signedIn], request: { params: z.object({ id: z.string() }) }, responses: {} });
        app.openapi(byId, async c => { const { id } = c.req.valid('param'); return c.json(await db.select().from(notes).where(eq(notes.id, id))); });
        export default app;`),
    ).toEqual(['GET /:id member: self.id = client params.id']);
  });

  test('a middleware that goes on without a session does not guard', () => {
    expect(
      traced(`
        const app = new Hono();
        app.use(async (c, next) => { const session = await auth.api.getSession({ headers: c.req.raw.headers }); if (session) c.set('user', session.user); await next(); });
        app.get('/notes', async c => c.json(await db.select().from(notes)));
        export default app;`),
    ).toEqual(['GET /notes anonymous: true']);
  });

  test('procedures behind an app run with its context, and the mount is named as it is called', () => {
    const app = traceApp({
      ...page,
      'server/app.ts': `${start} import { trpcServer } from '@hono/trpc-server'; import { initTRPC } from '@trpc/server';
        const t = initTRPC.create();
        const router = t.router({ list: t.procedure.query(({ ctx }) => db.select().from(notes).where(eq(notes.teamId, ctx.teamId))) });
        const app = new Hono();
        app.use(signedIn);
        app.use('/trpc/*', trpcServer({ router, createContext: (_options, c) => ({ teamId: c.get('teamId') }) }));
        export default app;`,
    });
    expect(app.queries.map(path => `${path.entryPoint.name} ${path.principal}: ${show(path.query.where)}`)).toEqual([
      'trpc list member: self.team_id = ‹tenant.id›',
    ]);
    expect(app.entryPoints.map(entry => entry.name)).toContain('ANY /trpc/*');
  });

  test('what a middleware writes into an object of the context is there for the rest', () => {
    const app = (write: string): readonly string[] =>
      traced(`
        const app = new Hono();
        app.use('*', async (c, next) => { c.set('ctx', { db, teamId: undefined }); await next(); });
        app.use('*', async (c, next) => {
          const ctx = c.get('ctx');
          const found = await auth.api.getSession({ headers: c.req.raw.headers });
          if (!found) return c.json({}, 401);
          ${write}
          await next();
        });
        app.get('/notes', async c => { const ctx = c.get('ctx'); return c.json(await ctx.db.select().from(notes).where(eq(notes.teamId, ctx.teamId))); });
        export default app;`);
    expect(app(`ctx.teamId = found.session.activeOrganizationId!;`)).toEqual([
      'GET /notes member: self.team_id = ‹tenant.id›',
    ]);
    expect(app(`const other = { ...ctx }; other.teamId = found.session.activeOrganizationId!;`)).toEqual([
      'GET /notes member: false',
    ]);
  });
});
