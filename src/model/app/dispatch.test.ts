import { expect, test } from 'vitest';
import { show, traceRoute } from './fixtures/inline-app.ts';

const names = Array.from({ length: 30 }, (_, index) => `job${index + 1}`);
const few = names.slice(0, 12);
const handler = (name: string): string =>
  `async id => { await db.delete(notes).where(and(eq(notes.id, id), eq(notes.title, '${name}'))); }`;
const post = (body: string): string =>
  `export async function POST(request: Request) { const { name, id } = await request.json(); ${body} return new Response(); }`;

const deleted = (code: string): readonly string[] =>
  traceRoute(code)
    .map(path => show(path.query.where))
    .map(where => /"(job\d+)"/.exec(where)?.[1] ?? where)
    .toSorted((left, right) => left.localeCompare(right, 'en', { numeric: true }));

test('a key that is not known finds any of the handlers of a table, however many there are', () => {
  const table = `const handlers = { ${names.map(name => `${name}: ${handler(name)}`).join(',\n')} };`;
  expect(deleted(`${table} ${post('await handlers[name](id);')}`)).toEqual(names);
});

test('handlers that a module puts into a map are found by a key that is not known', () => {
  const filled = `const handlers = new Map(); for (const [name, run] of Object.entries({ ${few.map(name => `${name}: { run: ${handler(name)} }`).join(',\n')} })) handlers.set(name, run);`;
  expect(deleted(`${filled} ${post('const found = handlers.get(name); if (found) await found.run(id);')}`)).toEqual(
    few,
  );
  expect(deleted(`${filled} ${post("await handlers.get('job7').run(id);")}`)).toEqual(['job7']);
});

test('a map of values that other requests put in holds what nobody knows', () => {
  expect(
    traceRoute(
      `const seen = new Map(); seen.set('first', '1'); ${post('await db.delete(notes).where(eq(notes.id, seen.get(name))); seen.set(name, id);')}`,
    ).map(path => show(path.query.where)),
  ).toEqual(['self.id = opaque']);
});
