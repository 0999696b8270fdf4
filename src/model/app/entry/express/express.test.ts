import { describe, expect, test } from 'vitest';
import { imports, show, showFacts, traceApp } from '../../fixtures/inline-app.ts';

const start = `${imports} import express, { Router } from 'express'; import { fromNodeHeaders } from 'better-auth/node'; import { auth } from '@/lib/auth';
  const signedIn = async (req, res, next) => {
    const session = await auth.api.getSession({ headers: fromNodeHeaders(req.headers) });
    if (!session) return res.status(401).json({ error: 'no' });
    req.user = { id: session.user.id, teamId: session.session.activeOrganizationId };
    next();
  };
  const one = async (req, res) => { res.json(await db.select().from(notes).where(and(eq(notes.id, req.params.id), eq(notes.teamId, req.user.teamId)))); };
  const loose = async (req, res) => { res.json(await db.select().from(notes).where(eq(notes.id, req.params.id))); };
  const every = async (req, res) => { res.json(await db.select().from(notes)); };`;

const page = { 'app/page.tsx': 'export default function Page() { return null; }' };

function traced(code: string, more: Readonly<Record<string, string>> = {}): readonly string[] {
  return traceApp({ ...page, 'server/app.ts': `${start} ${code}`, ...more })
    .queries.filter(path => path.query.table === 'notes')
    .map(path => `${path.entryPoint.name} ${path.principal}: ${show(path.query.where)}`)
    .toSorted();
}

describe('Express', () => {
  test('each route is an entry point; what a middleware writes onto the request belongs to the session', () => {
    expect(
      traced(`const app = express();
        app.use(express.json());
        app.get('/open/:id', loose);
        app.get('/notes/:id', signedIn, one);
        app.delete('/notes/:id', signedIn, async (req, res) => { await db.delete(notes).where(eq(notes.id, req.params.id)); res.sendStatus(204); });
        app.listen(3000);`),
    ).toEqual([
      'DELETE /notes/:id member: self.id = client params.id',
      'GET /notes/:id member: (self.id = client params.id and self.team_id = ‹tenant.id›)',
      'GET /open/:id anonymous: self.id = client params.id',
    ]);
  });

  test('a guard holds for the addresses below its path, and for those told after it', () => {
    expect(
      traced(`const app = express();
        app.get('/early', every);
        app.use('/admin', signedIn);
        app.get('/admin/notes', every);
        app.get('/notes', every);
        app.all('/inner/*', signedIn);
        app.route('/inner/notes').get(every);`),
    ).toEqual([
      'GET /admin/notes member: true',
      'GET /early anonymous: true',
      'GET /inner/notes member: true',
      'GET /notes anonymous: true',
    ]);
  });

  test('routers of other files get what runs before them, and nested ones their parameters', () => {
    expect(
      traced(
        `import notesRouter from './notes'; import { open } from './open';
        const app = express(); app.use('/open', open); app.use('/api/teams/:team', signedIn, notesRouter);`,
        {
          'server/notes.ts': `${start} const router = Router({ mergeParams: true }); router.get('/notes', async (req, res) => res.json(await db.select().from(notes).where(eq(notes.teamId, req.params.team)))); export default router;`,
          'server/open.ts': `${start} export const open = express.Router(); open.get('/', every);`,
        },
      ),
    ).toEqual(['GET /api/teams/:team/notes member: self.team_id = client params.team', 'GET /open anonymous: true']);
  });

  test('a middleware that goes on without a session does not guard, and one that never goes on answers', () => {
    expect(
      traced(`const app = express();
        app.use(async (req, res, next) => { const session = await auth.api.getSession({ headers: req.headers }); if (session) req.user = session.user; next(); });
        app.get('/notes', every);
        app.use('/last', every);`),
    ).toEqual([
      'ANY /last/* anonymous: true',
      'ANY /last/* member: true',
      'GET /notes anonymous: true',
      'GET /notes member: true',
    ]);
  });

  test('what middleware took from the caller stays the caller’s', () => {
    expect(
      traced(`const app = express();
        app.use(signedIn, (req, res, next) => { req.teamId = req.get('x-team'); next(); });
        app.get('/notes', async (req, res) => res.json(await db.select().from(notes).where(eq(notes.teamId, req.teamId))));`),
    ).toEqual(['GET /notes member: self.team_id = client header.x-team']);
  });

  test('a parameter’s own function runs before the routes that have it', () => {
    const app = traceApp({
      ...page,
      'server/app.ts': `${start} const app = express();
        app.use(signedIn);
        app.get('/teams/:teamId/notes', async (req, res) => res.json(await db.select().from(notes).where(eq(notes.teamId, req.params.teamId))));
        app.get('/notes', every);
        app.param('teamId', async (req, res, next, teamId) => { if (!(await isMember(req.user.id, teamId))) return res.sendStatus(403); next(); });`,
    });
    const guards = app.queries
      .filter(path => path.query.table === 'notes')
      .map(path => `${path.entryPoint.name}: ${showFacts(path.facts).some(fact => fact.startsWith('row of members'))}`);
    expect(guards.toSorted()).toEqual(['GET /notes: false', 'GET /teams/:teamId/notes: true']);
  });

  test('a router that nothing mounts is a gap, and its routes are run', () => {
    const app = traceApp({
      ...page,
      'server/app.ts': `${start} export const router = Router(); router.get('/notes', every);`,
    });
    expect(app.queries.map(path => path.entryPoint.name)).toEqual(['GET /notes']);
    expect(app.model.gaps.map(gap => gap.reason)).toEqual([
      'Nothing was found that mounts this router; what runs before its routes is not known.',
    ]);
  });

  test('stages that one function makes all run', () => {
    expect(
      traced(`const app = express();
        const checks = (part) => (req, res, next) => { if (!req[part]) return res.status(400).end(); next(); };
        app.get('/notes/:id', checks('params'), checks('query'), checks('body'), signedIn, one);`),
    ).toEqual(['GET /notes/:id member: (self.id = client params.id and self.team_id = ‹tenant.id›)']);
  });

  test('a token that is verified in a callback names who calls; one that is only decoded does not', () => {
    const scoped = `async (req, res) => res.json(await db.select().from(notes).where(eq(notes.teamId, req.claims.teamId)))`;
    expect(
      traced(`import jwt from 'jsonwebtoken'; const app = express();
        const verified = (req, res, next) => { jwt.verify(req.headers.authorization, process.env.SECRET, (error, claims) => { if (error) return res.sendStatus(403); req.claims = claims; next(); }); };
        const decoded = (req, res, next) => { req.claims = jwt.decode(req.headers.authorization); next(); };
        app.get('/notes', verified, ${scoped});
        app.get('/loose', decoded, ${scoped});`),
    ).toEqual([
      'GET /loose anonymous: self.team_id = client token.teamId',
      'GET /notes member: self.team_id = ‹tenant.id›',
    ]);
  });

  test('passport lets signed-in callers on; behind no strategy there may be nobody', () => {
    const files = {
      'package.json': JSON.stringify({
        name: 'notes',
        dependencies: { next: '16', express: '5', passport: '0.7', 'express-session': '1' },
      }),
    };
    const own = `async (req, res) => res.json(await db.select().from(notes).where(eq(notes.teamId, req.user.teamId)))`;
    expect(
      traced(
        `import passport from 'passport'; const app = express(); app.use(passport.initialize()); app.use(passport.session());
        app.get('/tokens', passport.authenticate('jwt', { session: false }), ${own});
        app.get('/any', passport.authenticate(['jwt', 'anonymous']), every);
        app.get('/ensured', (req, res, next) => { if (!req.isAuthenticated()) return res.redirect('/sign-in'); next(); }, ${own});
        app.get('/session', (req, res, next) => { if (!req.session.userId) return res.status(401).end(); next(); }, every);
        app.get('/open', every);`,
        files,
      ),
    ).toEqual([
      'GET /any anonymous: true',
      'GET /ensured member: self.team_id = ‹tenant.id›',
      'GET /open anonymous: true',
      'GET /session member: true',
      'GET /tokens member: self.team_id = ‹tenant.id›',
    ]);
  });

  test('an address that the verification of tokens leaves out is open', () => {
    expect(
      traced(`import { expressjwt } from 'express-jwt'; const app = express();
        app.use(expressjwt({ secret: 'x', algorithms: ['HS256'] }).unless({ path: ['/open'] }));
        app.get('/open', every);
        app.get('/notes', async (req, res) => res.json(await db.select().from(notes).where(eq(notes.teamId, req.auth.orgId))));`),
    ).toEqual(['GET /notes member: self.team_id = ‹tenant.id›', 'GET /open anonymous: true']);
  });

  test('routes told to an app of another file come after what that file tells it', () => {
    expect(
      traced(`export const app = express(); app.use(signedIn);`, {
        'server/a-routes.ts': `${start} import { app } from './app'; app.get('/notes', every);`,
        'server/main.ts': `import { app } from './app'; import './a-routes'; app.listen(1);`,
      }),
    ).toEqual(['GET /notes member: true']);
  });

  test('errors that are handed on reach the function for errors', () => {
    expect(
      traced(`const app = express();
        app.get('/notes', async (req, res, next) => { try { await every(req, res); } catch (error) { next(error); } });
        app.use(async (error, req, res, next) => { await db.delete(notes).where(eq(notes.id, req.params.id)); });`),
    ).toContain('GET /notes anonymous: true');
  });

  test('a package that is handed the rest of the chain goes on with it', () => {
    expect(
      traced(`const app = express();
        app.use('/api', (req, res, next) => express.json({ limit: '50mb' })(req, res, next));
        app.get('/api/notes', every);`),
    ).toEqual(['GET /api/notes anonymous: true']);
  });

  test('what holds on one way to a stage holds for the rest on that way only', () => {
    const app = traceApp({
      ...page,
      'server/app.ts': `${start} const app = express();
        app.use(signedIn, async (req, res, next) => {
          if (req.query.all) { req.teamId = req.user.teamId; } else { const team = req.get('x-team'); if (!(await isMember(req.user.id, team))) return res.sendStatus(403); req.teamId = team; }
          next();
        });
        app.get('/notes', async (req, res) => res.json(await db.select().from(notes).where(eq(notes.teamId, req.teamId))));`,
    });
    const seen = app.queries
      .filter(path => path.query.table === 'notes')
      .map(
        path => `${show(path.query.where)} ${showFacts(path.facts).some(fact => fact.startsWith('row of members'))}`,
      );
    expect(seen.toSorted()).toEqual(['self.team_id = client header.x-team true', 'self.team_id = ‹tenant.id› false']);
  });
});
