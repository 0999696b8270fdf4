import { expect, test } from 'vitest';

import { imports, traceApp } from './fixtures/inline-app.ts';

const sites = (library: string, more = ''): unknown =>
  traceApp({
    'lib/queries.ts': `${imports} ${library}`,
    'app/api/notes/[id]/route.ts': `${imports} import * as queries from '@/lib/queries'; ${more}
      export async function GET() { return NextResponse.json(await queries.all()); }`,
  }).model.querySites;

const all = `export const all = () => db.select().from(notes);`;
const old = `
  export async function allOfBefore() { return db.select().from(comments); }`;

test('queries in a function that nothing names are not among those to be reached', () => {
  expect(sites(`${all} ${old}`)).toEqual({ reached: 1, textual: 1, unused: 1 });
});

test('one that is named anywhere is', () => {
  expect(sites(`${all} ${old}`, `export const later = [queries.allOfBefore];`)).toEqual({
    reached: 1,
    textual: 2,
    unused: 0,
  });
});
