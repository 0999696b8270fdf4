import { expect, test } from 'vitest';
import { imports, show, traceApp } from '../../fixtures/inline-app.ts';

test('each address of a contract is an entry point with the parts that the contract checks', () => {
  const traced = traceApp({
    'lib/contract.ts': `import { initContract } from '@ts-rest/core'; import { z } from 'zod'; const c = initContract(); export const contract = c.router({ notes: { one: { method: 'GET', path: '/notes/:id', responses: {} }, drop: { method: 'DELETE', path: '/notes/:id', body: z.object({ sure: z.boolean() }), responses: {} } } });`,
    'app/api/[...rest]/route.ts': `${imports} import { createNextHandler, tsr } from '@ts-rest/serverless/next'; import { contract } from '@/lib/contract';
      const signedIn = handler => async (args, more) => { const user = await requireUser(); return handler(args, user); };
      const router = tsr.router(contract, { notes: {
        one: signedIn(async ({ params }, user) => ({ status: 200, body: await db.select().from(notes).where(and(eq(notes.id, params.id), eq(notes.teamId, user.teamId))) })),
        drop: async ({ params }) => { await db.delete(notes).where(eq(notes.id, params.id)); return { status: 204, body: null }; } } });
      const handler = createNextHandler(contract, router, { handlerType: 'app-router' });
      export { handler as GET, handler as DELETE };`,
  });
  expect(
    traced.queries.map(path => `${path.entryPoint.name} ${path.principal}: ${show(path.query.where)}`).toSorted(),
  ).toEqual([
    'DELETE /notes/:id anonymous: self.id = client params.id',
    'GET /notes/:id member: (self.id = client params.id and self.team_id = ‹tenant.id›)',
  ]);
});
