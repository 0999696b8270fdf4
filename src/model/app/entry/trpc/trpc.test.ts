import { describe, expect, test } from 'vitest';
import { imports, show, traceApp } from '../../fixtures/inline-app.ts';

const setUp = `
  import { initTRPC, TRPCError } from '@trpc/server';
  import { auth } from '@/lib/auth';
  export async function createContext({ req }: { req: Request }) { const session = await auth.api.getSession({ headers: req.headers }); return { user: session?.user, teamId: session?.session.activeOrganizationId }; }
  const t = initTRPC.context<typeof createContext>().create();
  export const router = t.router;
  export const mergeRouters = t.mergeRouters;
  export const createCallerFactory = t.createCallerFactory;
  export const anyone = t.procedure;
  const signedIn = t.middleware(async ({ ctx, next }) => { if (!ctx.user) throw new TRPCError({ code: 'UNAUTHORIZED' }); return next({ ctx: { user: ctx.user } }); });
  export const member = t.procedure.use(signedIn);
`;
const mount = `
  import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
  import { appRouter } from '@/lib/router';
  import { createContext } from '@/lib/trpc';
  const handler = (req: Request) => fetchRequestHandler({ endpoint: '/api/trpc', req, router: appRouter, createContext });
  export { handler as GET, handler as POST };
`;
const start = `${imports} import { z } from 'zod'; import { anyone, member, mergeRouters, router } from './trpc';`;

function traced(routerCode: string, more: Readonly<Record<string, string>> = {}): readonly string[] {
  const app = traceApp({
    'lib/trpc.ts': setUp,
    'lib/router.ts': `${start} ${routerCode}`,
    'app/api/trpc/[trpc]/route.ts': mount,
    ...more,
  });
  return app.queries.map(path => `${path.entryPoint.name} ${path.principal}: ${show(path.query.where)}`);
}

describe('tRPC', () => {
  test('a procedure is an entry point of its own, with the session of the mount and the input of the caller', () => {
    expect(
      traced(`export const appRouter = router({ note: router({
        mine: member.input(z.object({ id: z.string() })).query(({ ctx, input }) => db.select().from(notes).where(and(eq(notes.id, input.id), eq(notes.teamId, ctx.teamId)))),
        any: member.input(z.object({ id: z.string() })).mutation(({ input }) => db.delete(notes).where(eq(notes.id, input.id))),
      }) });`),
    ).toEqual([
      'trpc note.mine member: (self.id = client input.id and self.team_id = ‹tenant.id›)',
      'trpc note.any member: self.id = client input.id',
    ]);
  });

  test('a procedure without the middleware is open to everybody', () => {
    expect(
      traced(
        `export const appRouter = router({ open: anyone.query(() => db.select().from(notes)), closed: member.query(() => db.select().from(notes)) });`,
      ),
    ).toEqual(['trpc closed member: true', 'trpc open anonymous: true']);
  });

  test('a middleware that asks and goes on anyway does not guard', () => {
    expect(
      traced(
        `const asks = anyone.use(async ({ ctx, next }) => { if (!ctx.user) console.warn('nobody'); return next(); }); export const appRouter = router({ open: asks.query(() => db.select().from(notes)) });`,
      ),
    ).toEqual(['trpc open anonymous: true']);
  });

  test('a middleware after the input checks it for the procedure; one that checks another value does not', () => {
    const guarded = (checked: string): string => `
      const ofTeam = member.input(z.object({ teamId: z.string(), otherId: z.string() })).use(async ({ ctx, input, next }) => { await assertMember(ctx.user.id, input.${checked}); return next(); });
      export const appRouter = router({ list: ofTeam.query(({ input }) => db.select().from(notes).where(eq(notes.teamId, input.teamId))) });`;
    const facts = (checked: string): number => {
      const app = traceApp({
        'lib/trpc.ts': setUp,
        'lib/router.ts': `${start} ${guarded(checked)}`,
        'app/api/trpc/[trpc]/route.ts': mount,
      });
      const path = app.queries.find(candidate => candidate.query.table === 'notes');
      return (path?.facts ?? []).filter(
        fact =>
          fact.holds.kind === 'row' &&
          fact.holds.row.table === 'members' &&
          show(fact.holds.row.where).includes('members.team_id = client input.teamId'),
      ).length;
    };
    expect(facts('teamId')).toBe(1);
    expect(facts('otherId')).toBe(0);
  });

  test('merged, spread, plain and lazy routers keep their paths', () => {
    const query = 'member.query(({ ctx }) => db.select().from(notes).where(eq(notes.teamId, ctx.teamId)))';
    const names = traced(
      `import { lazy } from '@trpc/server';
       const common = { shared: ${query} };
       const first = router({ ...common, plain: { inner: ${query} } });
       const second = router({ slow: lazy(() => import('./slow')) });
       export const appRouter = mergeRouters(first, second);`,
      { 'lib/slow.ts': `${start} export const slowRouter = router({ one: ${query} });` },
    ).map(line => line.split(' ')[1]);
    expect(names).toEqual(
      ['shared', 'plain.inner', 'slow.one'].toSorted((a, b) => names.indexOf(a) - names.indexOf(b)),
    );
    expect(names).toHaveLength(3);
  });

  test('middleware made apart, piped and joined from another procedure runs in order', () => {
    expect(
      traced(`
        import { experimental_standaloneMiddleware } from '@trpc/server';
        const named = experimental_standaloneMiddleware<{ ctx: { teamId: string } }>().create(({ ctx, next }) => next({ ctx: { team: { id: ctx.teamId } } }));
        const both = member.concat(anyone.use(named));
        export const appRouter = router({ list: both.query(({ ctx }) => db.select().from(notes).where(eq(notes.teamId, ctx.team.id))) });`),
    ).toEqual(['trpc list member: self.team_id = ‹tenant.id›']);
  });

  test('a router that nothing mounts runs with the context that its own file makes', () => {
    const app = traceApp({
      'lib/trpc.ts': setUp,
      'lib/router.ts': `${start} export const appRouter = router({ mine: member.query(({ ctx }) => db.select().from(notes).where(eq(notes.teamId, ctx.teamId))) });`,
      'app/page.tsx': 'export default function Page() { return null; }',
    });
    expect(app.queries.map(path => `${path.entryPoint.kind} ${show(path.query.where)}`)).toEqual([
      'procedure self.team_id = ‹tenant.id›',
    ]);
  });

  test('a caller on the server runs the procedure for the page that calls it, with what the page gives', () => {
    const app = traceApp({
      'lib/trpc.ts': setUp,
      'lib/router.ts': `${start} export const appRouter = router({ note: router({ byId: anyone.input(z.object({ id: z.string() })).query(({ input }) => db.select().from(notes).where(eq(notes.id, input.id))) }) });`,
      'app/notes/[id]/page.tsx': `import { appRouter } from '@/lib/router'; import { createCallerFactory } from '@/lib/trpc'; const createCaller = createCallerFactory(appRouter);
        export default async function Page({ params }) { const api = createCaller({}); const rows = await api.note.byId({ id: (await params).id }); return <p>{rows[0].title}</p>; }`,
    });
    expect(app.queries.map(path => `${path.entryPoint.name}: ${show(path.query.where)}`)).toEqual([
      'page /notes/[id]: self.id = client params.id',
      'trpc note.byId: self.id = client input.id',
    ]);
  });
});
