import { expect, test } from 'vitest';

import { show, showFacts } from '../fixtures/inline-app.ts';
import { prismaImports, tracePrisma } from '../fixtures/prisma-app.ts';

/** What an action does whose client takes the team as a bound argument, by what the client checks of it. */
function acting(check: string): ReturnType<typeof tracePrisma> {
  return tracePrisma({
    'lib/client.ts': `${prismaImports}
      import { createSafeActionClient } from 'next-safe-action';
      import { z } from 'zod';
      export const client = createSafeActionClient()
        .bindArgsSchemas<[teamId: z.ZodString]>([z.string()])
        .use(async ({ next, bindArgsClientInputs }) => {
          const session = await getServerSession(authOptions);
          if (!session) throw new Error('Sign in.');
          const teamId = bindArgsClientInputs[0] as string;
          ${check}
          return next({ ctx: { teamId } });
        });`,
    'app/actions.ts': `'use server';
      import prisma from '@/lib/prisma';
      import { z } from 'zod';
      import { client } from '@/lib/client';
      export const rename = client.inputSchema(z.object({ id: z.string(), name: z.string() })).action(
        async ({ parsedInput, ctx: { teamId }, bindArgsParsedInputs: [bound] }) => {
          await prisma.document.updateMany({ where: { id: parsedInput.id, teamId }, data: { name: bound } });
        });`,
  });
}

test('what is bound to an action is what the browser sends', () => {
  const path = acting('').queries.find(({ query }) => query.operation === 'update');
  expect(show(path?.query.where ?? { kind: 'true' })).toBe(
    '(self.id = client input.id and self.teamId = client bound.0)',
  );
  expect(path?.query.values.map(({ value }) => value)).toEqual([{ kind: 'client', path: 'bound.0' }]);
});

test('a membership of the bound team that was looked up holds in the action', () => {
  const member = `const member = await prisma.member.findFirst({ where: { teamId, userId: session.user.id } }); if (!member) throw new Error('no');`;
  const path = acting(member).queries.find(({ query }) => query.operation === 'update');
  expect(showFacts(path?.facts ?? []).join()).toContain('row of Member with (Member.teamId = client bound.0');
});

test('an action that cannot be followed to anything is a gap', () => {
  const gaps = acting('const never = (undefined as any).field;').model.gaps;
  expect(gaps.map(gap => gap.reason)).toContain(
    'Following the action came to an end before it answers: what its client or its code does was not understood.',
  );
  expect(acting('').model.gaps.map(gap => gap.reason)).not.toContain(
    'Following the action came to an end before it answers: what its client or its code does was not understood.',
  );
});

/** The documents that an action reads whose client has one more stage. */
function behind(stage: string, read: string): readonly string[] {
  return tracePrisma({
    'app/actions.ts': `'use server';
      ${prismaImports}
      import { createSafeActionClient } from 'next-safe-action';
      import { withOrganization } from '@acme/auth-actions';
      import { z } from 'zod';
      const client = createSafeActionClient().use(async ({ next }) => {
        const session = await getServerSession(authOptions);
        if (!session) throw new Error('Sign in.');
        return next({ ctx: { userId: session.user.id } });
      });
      export const list = ${stage}.action(async ({ parsedInput, ctx }) => prisma.document.findMany({ where: { ${read} } }));`,
  })
    .queries.filter(({ query }) => query.table === 'Document')
    .map(path => `${show(path.query.where)}; ${showFacts(path.facts).join('; ')}`);
}

test('a stage after the input was checked sees it, and what it looks up holds in the action', () => {
  const checked = (
    where: string,
  ): string => `client.inputSchema(z.object({ teamId: z.string() })).useValidated(async ({ next, ctx, parsedInput }) => {
      const member = await prisma.member.findFirst({ where: { ${where} } }); if (!member) throw new Error('no');
      return next({ ctx: { teamId: parsedInput.teamId } }); })`;
  expect(behind(checked('teamId: parsedInput.teamId, userId: ctx.userId'), 'teamId: ctx.teamId').join()).toMatch(
    /^self.teamId = client input.teamId; .*row of Member with \(Member.teamId = client input.teamId/,
  );
  expect(behind(checked('userId: ctx.userId'), 'teamId: ctx.teamId').join()).not.toContain('Member.teamId = client');
});

test('a schema may be made of the one before', () => {
  const made = `client.inputSchema(z.object({ teamId: z.string() })).inputSchema(async before => before.extend({ id: z.string() }))`;
  expect(behind(made, 'id: parsedInput.id, teamId: parsedInput.teamId').join()).toMatch(
    /^\(self.id = client input.id and self.teamId = client input.teamId\)/,
  );
});

test('a stage of a package may add to the context and may guard', () => {
  const [path = ''] = behind('client.use(withOrganization())', 'teamId: ctx.organizationId');
  expect(path).toMatch(/^maybe self.teamId = opaque; .*unfollowed/);
});
