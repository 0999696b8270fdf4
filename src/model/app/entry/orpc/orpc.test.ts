import { expect, test } from 'vitest';
import { imports, show, showFacts, traceApp } from '../../fixtures/inline-app.ts';

const start = `${imports} import { z } from 'zod'; import { os, ORPCError } from '@orpc/server'; import { auth } from '@/lib/auth';
  const base = os.$context<{ headers: Headers }>();
  const signedIn = base.middleware(async ({ context, next }) => { const session = await auth.api.getSession({ headers: context.headers }); if (!session) throw new ORPCError('UNAUTHORIZED'); return next({ context: { teamId: session.session.activeOrganizationId } }); });
  const open = base.use(async ({ context, next }) => { await auth.api.getSession({ headers: context.headers }); return next(); });
  const member = base.use(signedIn);`;

test('procedures of oRPC run with the context of the handler and of their middleware', () => {
  const traced = traceApp({
    'lib/router.ts': `${start} export const router = { note: {
      mine: member.route({ method: 'GET', path: '/notes' }).input(z.object({ id: z.string() })).handler(({ input, context }) => db.select().from(notes).where(and(eq(notes.id, input.id), eq(notes.teamId, context.teamId)))),
      any: open.input(z.object({ id: z.string() })).handler(async ({ input }) => db.select().from(notes).where(eq(notes.id, input.id))) } };`,
    'app/rpc/[[...rest]]/route.ts': `import { RPCHandler } from '@orpc/server/fetch'; import { router } from '@/lib/router'; const handler = new RPCHandler(router);
      export async function POST(request: Request) { const { response } = await handler.handle(request, { prefix: '/rpc', context: { headers: request.headers } }); return response ?? new Response(null, { status: 404 }); }`,
  });
  expect(traced.queries.map(path => `${path.entryPoint.name} ${path.principal}: ${show(path.query.where)}`)).toEqual([
    'orpc note.mine member: (self.id = client input.id and self.team_id = ‹tenant.id›)',
    'orpc note.any anonymous: self.id = client input.id',
  ]);
});

test('a middleware whose code is not there may add to the context and may guard; one that is only documented stays what it is', () => {
  const traced = traceApp({
    'lib/router.ts': `${start} import { oo } from '@orpc/openapi'; import { requireMember } from '@acme/auth-orpc'; import { timing } from '@acme/metrics';
      const documented = base.use(oo.spec(signedIn, { security: [{ bearer: [] }] }));
      export const router = { note: {
        mine: documented.handler(({ context }) => db.select().from(notes).where(eq(notes.teamId, context.teamId))),
        theirs: base.use(requireMember()).handler(({ context }) => db.select().from(notes).where(eq(notes.teamId, context.member.teamId))),
        any: base.use(timing()).input(z.object({ id: z.string() })).handler(({ input }) => db.select().from(notes).where(eq(notes.id, input.id))) } };`,
    'app/rpc/[[...rest]]/route.ts': `import { RPCHandler } from '@orpc/server/fetch'; import { router } from '@/lib/router'; const handler = new RPCHandler(router);
      export async function POST(request: Request) { const { response } = await handler.handle(request, { prefix: '/rpc', context: { headers: request.headers } }); return response ?? new Response(null, { status: 404 }); }`,
  });
  expect(
    traced.queries.map(
      path =>
        `${path.entryPoint.name} ${path.principal}: ${show(path.query.where)}; ${showFacts(path.facts).filter(fact => fact.startsWith('unfollowed')).length}`,
    ),
  ).toEqual([
    'orpc note.mine member: self.team_id = ‹tenant.id›; 0',
    'orpc note.theirs anonymous: self.team_id = opaque; 1',
    'orpc note.any anonymous: self.id = client input.id; 0',
  ]);
});
