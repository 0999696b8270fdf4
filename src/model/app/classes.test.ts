import { expect, test } from 'vitest';
import { show, traceRoute } from './fixtures/inline-app.ts';

const where = (classes: string, body: string): readonly string[] =>
  traceRoute(
    `${classes} export async function POST(request: Request) { const user = await requireUser(); ${body} return new Response(); }`,
  ).map(path => show(path.query.where));

test('what the constructor of a class above fills is there below it', () => {
  const classes = `
    class Store { protected team: string; readonly kind = 'store'; constructor(team: string) { this.team = team; } }
    class Notes extends Store { drop(id: string) { return db.delete(notes).where(and(eq(notes.id, id), eq(notes.teamId, this.team))); } }`;
  expect(where(classes, `await new Notes(user.teamId).drop('1');`)).toEqual([
    '(self.id = "1" and self.team_id = ‹tenant.id›)',
  ]);
  expect(where(classes, `const { team } = await request.json(); await new Notes(team).drop('1');`)).toEqual([
    '(self.id = "1" and self.team_id = client body.team)',
  ]);
});

test('what a class says itself stands over what the class above filled', () => {
  expect(
    where(
      `class Store { team: string; constructor(team: string) { this.team = team; } }
       class Notes extends Store { team = 'demo'; drop() { return db.delete(notes).where(eq(notes.teamId, this.team)); } }`,
      `await new Notes(user.teamId).drop();`,
    ),
  ).toEqual(['self.team_id = "demo"']);
});

test('an object may ask for its class', () => {
  expect(
    where(
      `class Notes { label: string; constructor() { this.label = 'notes:' + this.constructor.name; } drop(id: string) { console.info(this.constructor.name); return db.delete(notes).where(eq(notes.id, id)); } }`,
      `await new Notes().drop('1');`,
    ),
  ).toEqual(['self.id = "1"']);
});
