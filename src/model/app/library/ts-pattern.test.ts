import { expect, test } from 'vitest';

import { imports, show, showFacts, traceApp } from '../fixtures/inline-app.ts';

/** What a route reads of the notes, by the condition that `pick` gives for what the caller names. */
function read(pick: string, call: string): readonly string[] {
  const { queries } = traceApp({
    'app/api/notes/route.ts': `${imports} import { match, P } from 'ts-pattern';
      ${pick}
      export async function GET(request: Request) {
        const user = await requireUser();
        const body = await request.json();
        return NextResponse.json(await db.select().from(notes).where(${call}));
      }`,
  });
  return queries.filter(path => path.query.table === 'notes').map(path => show(path.query.where));
}

const byKind = `const pick = (wanted: any, teamId: string) => match(wanted)
  .with({ type: 'note' }, ({ id }: any) => and(eq(notes.id, id), eq(notes.teamId, teamId)))
  .with({ type: 'folder' }, ({ id }: any) => eq(notes.folderId, id))
  .exhaustive();`;

test('the case whose pattern fits is the one that runs', () => {
  expect(read(byKind, `pick({ type: 'note', id: body.id }, user.teamId)`)).toEqual([
    '(self.id = client body.id and self.team_id = ‹tenant.id›)',
  ]);
  expect(read(byKind, `pick({ type: 'folder', id: body.id }, user.teamId)`)).toEqual([
    'self.folder_id = client body.id',
  ]);
});

test('where any case may run, each is what is read', () => {
  const [where] = read(byKind, `pick(body.wanted, user.teamId)`);
  expect(where).toContain('self.team_id = ‹tenant.id›');
  expect(where).toContain('self.folder_id = client body.wanted.id');
});

test('what is left over goes the other way, and a guard decides nothing', () => {
  const left = `const pick = (wanted: any, teamId: string) => match(wanted)
    .with('mine', () => eq(notes.teamId, teamId))
    .with(P.string, (text: string) => text.length > 3, (text: string) => eq(notes.title, text))
    .otherwise(() => eq(notes.secret, 'x'));`;
  expect(read(left, `pick('mine', user.teamId)`)).toEqual(['self.team_id = ‹tenant.id›']);
  const [where] = read(left, `pick(body.kind, user.teamId)`);
  expect(where).toContain('self.title = client body.kind');
  expect(where).toContain('self.secret = "x"');
});

test('a case that refuses is a guard of what comes after', () => {
  const { queries } = traceApp({
    'app/api/notes/route.ts': `${imports} import { match } from 'ts-pattern';
      export async function GET(request: Request) {
        const body = await request.json();
        match(body.kind).with('open', () => 1).otherwise(() => { throw new Error('closed'); });
        return NextResponse.json(await db.select().from(notes));
      }`,
  });
  const facts = queries.filter(path => path.query.table === 'notes').flatMap(path => showFacts(path.facts));
  expect(facts.join()).toContain('client body.kind = "open"');
});
