import { expect, test } from 'vitest';
import { imports, show, traceApp } from '../../fixtures/inline-app.ts';

test('an action gets the context of the procedures before it; one without them is open', () => {
  const traced = traceApp({
    'app/page.tsx': 'export default function Page() { return null; }',
    'lib/procedures.ts': `import { createServerActionProcedure } from 'zsa'; import { requireUser } from './session'; const user = createServerActionProcedure().handler(async () => ({ user: await requireUser() })); export const member = createServerActionProcedure(user).handler(async ({ ctx }) => ({ ...ctx, teamId: ctx.user.teamId }));`,
    'lib/actions.ts': `'use server'; ${imports} import { z } from 'zod'; import { createServerAction } from 'zsa'; import { member } from './procedures';
      export const rename = member.createServerAction().input(z.object({ id: z.string() })).handler(async ({ input, ctx }) => { await db.update(notes).set({ title: 'x' }).where(and(eq(notes.id, input.id), eq(notes.teamId, ctx.teamId))); });
      export const wipe = createServerAction().input(z.object({ id: z.string() })).handler(async ({ input }) => { await db.delete(notes).where(eq(notes.id, input.id)); });`,
  });
  expect(traced.queries.map(path => `${path.entryPoint.symbol} ${path.principal}: ${show(path.query.where)}`)).toEqual([
    'rename member: (self.id = client input.id and self.team_id = ‹tenant.id›)',
    'wipe anonymous: self.id = client input.id',
  ]);
});
