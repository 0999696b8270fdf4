import { expect, test } from 'vitest';
import { show, traceRoute } from './fixtures/inline-app.ts';

const grouped = (team: string): string => `
  const user = await requireUser();
  const input = await request.json();
  const groups = new Map();
  for (const note of input.notes) {
    const known = groups.get(${team}) ?? [];
    known.push({ id: note.id, teamId: ${team}, title: note.title });
    groups.set(${team}, known);
  }`;
const unique = (texts: readonly string[]): readonly string[] => [...new Set(texts)];
const handler = (body: string): string => `export async function POST(request: Request) { ${body} }`;

test('what a map holds keeps the fields that were put in', () => {
  const written = (team: string): readonly string[] =>
    unique(
      traceRoute(
        handler(`${grouped(team)} const rows = [];
          for (const [teamId, list] of groups.entries()) for (const note of list) rows.push({ ...note, folderId: 'inbox' });
          await db.insert(notes).values(rows);`),
      )
        .flatMap(path => path.query.values)
        .filter(({ column }) => column === 'team_id')
        .map(({ value }) => JSON.stringify(value)),
    );
  expect(written('user.teamId')).toEqual(['{"kind":"principal","attribute":"tenant.id"}']);
  expect(written('note.teamId')).toEqual(['{"kind":"client","path":"body.notes.[].teamId"}']);
});

test('the keys of a map are what things were put in under', () => {
  const deleted = (team: string): readonly string[] =>
    traceRoute(
      handler(
        `${grouped(team)} for (const teamId of groups.keys()) await db.delete(notes).where(eq(notes.teamId, teamId));`,
      ),
    ).map(path => show(path.query.where));
  expect(deleted('user.teamId')).toEqual(['self.team_id = ‹tenant.id›']);
  expect(deleted('note.teamId')).toEqual(['self.team_id = client body.notes.[].teamId']);
});

test('a later turn of a loop finds what an earlier one put in', () => {
  const where = traceRoute(
    handler(`const input = await request.json(); const first = new Map();
      for (const note of input.notes) {
        const earlier = first.get(note.title);
        if (earlier) await db.delete(notes).where(eq(notes.id, earlier));
        else first.set(note.title, note.id);
      }`),
  ).map(path => show(path.query.where));
  expect(where).toEqual(['self.id = client body.notes.[].id']);
});
