import { expect, test } from 'vitest';
import { imports, show, traceApp } from '../../fixtures/inline-app.ts';

const session = `
  import { auth } from '@/lib/auth';
  const sessionOf = headers => auth.api.getSession({ headers });`;

function traced(files: Readonly<Record<string, string>>): readonly string[] {
  const page = { 'app/page.tsx': 'export default function Page() { return null; }' };
  const made = Object.fromEntries(Object.entries(files).map(([path, code]) => [path, `${imports} ${session} ${code}`]));
  return traceApp({ ...page, ...made })
    .queries.filter(path => path.query.table === 'notes')
    .map(path => `${path.entryPoint.name} ${path.principal}: ${show(path.query.where)}`)
    .toSorted();
}

const hono = `
  import { Hono } from 'hono'; import { noteRoutes } from './notes';
  const signedIn = async (c, next) => {
    const found = await sessionOf(c.req.raw.headers);
    if (!found) return c.json({}, 401);
    c.set('ctx', { ...c.get('ctx'), teamId: found.session.activeOrganizationId });
    await next();
  };
  export const createApp = (options = {}) => {
    const app = new Hono();
    app.use('*', async (c, next) => { c.set('ctx', { db }); await next(); });
    app.route('/notes', noteRoutes());
    app.use('*', signedIn);
    app.route('/own', noteRoutes());
    return app;
  };`;
const part = `
  import { Hono } from 'hono';
  export function noteRoutes() {
    const routes = new Hono();
    routes.get('/', async c => { const { db: own, teamId } = c.get('ctx'); return c.json(await own.select().from(notes).where(eq(notes.teamId, teamId))); });
    return routes;
  }`;

test('an app that a function makes answers with all that the function tells it', () => {
  const expected = ['GET /notes anonymous: false', 'GET /own member: self.team_id = ‹tenant.id›'];
  expect(traced({ 'server/app.ts': hono, 'server/notes.ts': part })).toEqual(expected);
  // Whoever calls it, in the file itself or elsewhere, makes no second one.
  const caller = `import { createApp } from './app'; const main = async () => { const app = createApp(); Bun.serve({ fetch: app.fetch }); }; main();`;
  expect(traced({ 'server/app.ts': hono, 'server/notes.ts': part, 'server/index.ts': caller })).toEqual(expected);
  expect(traced({ 'server/app.ts': `${hono} export const app = createApp();`, 'server/notes.ts': part })).toEqual(
    expected,
  );
});

test('servers of Express and Fastify that functions make are found too', () => {
  expect(
    traced({
      'server/app.ts': `import express from 'express';
        export function buildApp(config) {
          const app = express();
          app.get('/open/:id', async (req, res) => { res.json(await db.select().from(notes).where(eq(notes.id, req.params.id))); });
          return app;
        }`,
    }),
  ).toEqual(['GET /open/:id anonymous: self.id = client params.id']);
  expect(
    traced({
      'server/build.ts': `import Fastify from 'fastify';
        export async function build() {
          const app = Fastify({ logger: true });
          app.addHook('preHandler', async (request, reply) => { const found = await sessionOf(request.headers); if (!found) { reply.code(401).send(); return; } request.team = found.session.activeOrganizationId; });
          app.get('/own', async request => db.select().from(notes).where(eq(notes.teamId, request.team)));
          return app;
        }`,
    }),
  ).toEqual(['GET /own member: self.team_id = ‹tenant.id›']);
});
