import { expect, test } from 'vitest';
import { show, traceRoute } from './fixtures/inline-app.ts';

const deleted = (push: string): readonly string[] =>
  traceRoute(
    `export async function POST(request: Request) {
      const user = await requireUser(); const input = await request.json(); const own = []; const rest = [];
      ${push}
      for (const id of rest) await db.delete(notes).where(and(eq(notes.id, id), eq(notes.teamId, user.teamId)));
      return new Response(); }`,
  ).map(path => show(path.query.where));

test('what is put into one of two lists may be in either', () => {
  expect(deleted('for (const id of input.ids) (id === user.id ? own : rest).push(id);')).toEqual([
    '(self.id = client body.ids.[] and self.team_id = ‹tenant.id›)',
  ]);
});

test('a list into which nothing is put has nothing', () => {
  expect(deleted('for (const id of input.ids) own.push(id);')).toEqual([]);
});
