import { describe, expect, test } from 'vitest';
import { imports, show, traceApp } from '../../fixtures/inline-app.ts';

const start = `${imports} import Fastify from 'fastify'; import fp from 'fastify-plugin'; import { auth } from '@/lib/auth';
  const signedIn = async (request, reply) => {
    const session = await auth.api.getSession({ headers: request.headers });
    if (!session) { reply.code(401).send({ error: 'no' }); return; }
    request.user = { id: session.user.id, teamId: session.session.activeOrganizationId };
  };
  const one = async (request, reply) => db.select().from(notes).where(and(eq(notes.id, request.params.id), eq(notes.teamId, request.user.teamId)));
  const loose = async (request, reply) => { reply.send(await db.select().from(notes).where(eq(notes.id, request.params.id))); };
  const every = async () => db.select().from(notes);`;

const page = { 'app/page.tsx': 'export default function Page() { return null; }' };

function traced(code: string, more: Readonly<Record<string, string>> = {}): readonly string[] {
  return traceApp({ ...page, 'server/app.ts': `${start} ${code}`, ...more })
    .queries.filter(path => path.query.table === 'notes')
    .map(path => `${path.entryPoint.name} ${path.principal}: ${show(path.query.where)}${path.escapes ? '' : ' kept'}`)
    .toSorted();
}

describe('Fastify', () => {
  test('routes in every form are entry points with their own hooks', () => {
    expect(
      traced(`const app = Fastify({ logger: true });
        app.get('/open/:id', loose);
        app.get('/notes/:id', { preHandler: [signedIn] }, one);
        app.get('/more/:id', { onRequest: signedIn, handler: one });
        app.route({ method: ['PUT', 'PATCH'], url: '/notes/:id', preValidation: signedIn, handler: loose });
        app.listen({ port: 3000 });`),
    ).toEqual([
      'GET /more/:id member: (self.id = client params.id and self.team_id = ‹tenant.id›)',
      'GET /notes/:id member: (self.id = client params.id and self.team_id = ‹tenant.id›)',
      'GET /open/:id anonymous: self.id = client params.id',
      'PATCH /notes/:id member: self.id = client params.id',
      'PUT /notes/:id member: self.id = client params.id',
    ]);
  });

  test('a plugin’s hooks hold below it, those of a shared one for all that is registered after it', () => {
    expect(
      traced(
        `import { noteRoutes } from './notes'; const app = Fastify();
        app.register(async instance => { instance.get('/early', every); });
        app.register(fp(async instance => { instance.addHook('onRequest', signedIn); }));
        app.register(noteRoutes, { prefix: '/api/notes' });
        app.register(async inner => { inner.addHook('preHandler', async () => {}); inner.get('/inner', every); });`,
        {
          'server/notes.ts': `${start} export const noteRoutes = async (fastify, options) => { fastify.get('/:id', one); };`,
        },
      ),
    ).toEqual([
      'GET /api/notes/:id member: (self.id = client params.id and self.team_id = ‹tenant.id›)',
      'GET /early anonymous: true',
      'GET /inner member: true',
    ]);
  });

  test('a hook of a plugin does not hold beside it', () => {
    expect(
      traced(`const app = Fastify();
        app.register(async inner => { inner.addHook('preHandler', signedIn); inner.get('/inner', every); });
        app.get('/beside', every);
        app.addHook('onRequest', async () => {});`),
    ).toEqual(['GET /beside anonymous: true', 'GET /inner member: true']);
  });

  test('a hook of the server holds for routes that were told before it too', () => {
    expect(traced(`const app = Fastify(); app.get('/notes', every); app.addHook('onRequest', signedIn);`)).toEqual([
      'GET /notes member: true',
    ]);
  });

  test('a function that was put onto the server guards by its name', () => {
    expect(
      traced(
        `import jwt from '@fastify/jwt'; const app = Fastify();
        app.register(jwt, { secret: 'x' });
        app.decorate('authenticate', async (request, reply) => { try { await request.jwtVerify(); } catch (error) { reply.send(error); } });
        app.register(async inner => { inner.get('/notes', { onRequest: [inner.authenticate] }, async request => db.select().from(notes).where(eq(notes.teamId, request.user.teamId))); });`,
        {
          'package.json': JSON.stringify({
            name: 'notes',
            dependencies: { next: '16', fastify: '5', '@fastify/jwt': '9' },
          }),
        },
      ),
    ).toEqual(['GET /notes member: self.team_id = ‹tenant.id›']);
  });

  test('a hook that looks and lets everybody on guards nothing', () => {
    expect(
      traced(`const app = Fastify();
        app.addHook('preHandler', async request => { const session = await auth.api.getSession({ headers: request.headers }); if (session) request.user = session.user; });
        app.get('/notes', every);`),
    ).toEqual(['GET /notes anonymous: true']);
  });

  test('with done the rest runs where it is called', () => {
    expect(
      traced(`const app = Fastify();
        app.addHook('preHandler', (request, reply, done) => { auth.api.getSession({ headers: request.headers }).then(session => { if (!session) { reply.code(401).send(); return; } request.teamId = session.session.activeOrganizationId; done(); }); });
        app.get('/notes', async request => db.select().from(notes).where(eq(notes.teamId, request.teamId)));`),
    ).toEqual(['GET /notes member: self.team_id = ‹tenant.id›']);
  });

  test('what a schema requires is there', () => {
    expect(
      traced(`const app = Fastify();
        const schema = { body: { type: 'object', required: ['teamId'], properties: { teamId: { type: 'string' }, folderId: { type: 'string' } } } };
        app.post('/notes', { schema }, async request => db.select().from(notes).where(and(eq(notes.teamId, request.body.teamId), eq(notes.id, request.headers['x-id']))));`),
    ).toEqual(['POST /notes anonymous: (self.team_id = client body.teamId and self.id = client header.x-id)']);
  });

  test('a hook that swallows a bad token lets everybody on', () => {
    expect(
      traced(
        `const app = Fastify(); app.addHook('onRequest', async (request, reply) => { try { await request.jwtVerify(); } catch (error) { request.log.error(error); } }); app.get('/notes', every);`,
      ),
    ).toEqual(['GET /notes anonymous: true']);
  });

  test('files of a folder that is loaded as a whole are plugins with their folder as prefix', () => {
    expect(
      traced(
        `import autoload from '@fastify/autoload'; import { join } from 'node:path'; const app = Fastify();
        app.register(autoload, { dir: join(import.meta.dirname, 'plugins') });
        app.register(autoload, { dir: join(import.meta.dirname, 'routes'), options: { prefix: '/api' } });`,
        {
          'server/plugins/session.ts': `${start} export default fp(async fastify => { fastify.addHook('preHandler', signedIn); });`,
          'server/routes/notes/index.ts': `${start} export default async fastify => { fastify.get('/:id', one); };`,
        },
      ),
    ).toEqual(['GET /api/notes/:id member: (self.id = client params.id and self.team_id = ‹tenant.id›)']);
  });
});
