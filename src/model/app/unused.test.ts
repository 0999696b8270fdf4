import { expect, test } from 'vitest';

import { imports, traceApp } from './fixtures/inline-app.ts';

const sites = (library: string, more = '', files: Readonly<Record<string, string>> = {}): unknown =>
  traceApp({
    'lib/queries.ts': `${imports} import { cache } from 'react'; ${library}`,
    'app/api/notes/[id]/route.ts': `${imports} import * as queries from '@/lib/queries'; ${more}
      export async function GET() { return NextResponse.json(await queries.all()); }`,
    ...files,
  }).model.querySites;

const all = `export const all = () => db.select().from(notes);`;
const old = `
  export async function allOfBefore() { return db.select().from(comments); }`;
const none = { reached: 1, textual: 1, unused: 1 };
const open = { reached: 1, textual: 2, unused: 0 };

test('queries in a function that nothing names are not among those to be reached', () => {
  expect(sites(`${all} ${old}`)).toEqual(none);
  expect(
    sites(`${all}
      export const kept = cache(async () => { return db.select().from(comments); });`),
  ).toEqual(none);
});

test('one that is named where it may be called is', () => {
  expect(sites(`${all} ${old}`, `export const later = [queries.allOfBefore];`)).toEqual(open);
  expect(
    sites(`${all} ${old}`, `import { allOfBefore as rest } from '@/lib/queries'; export const later = [rest];`),
  ).toEqual(open);
});

test('a name of another file, a comment or an import alone calls nothing', () => {
  const elsewhere = {
    'lib/other.ts': `export function allOfBefore() { return 1; }`,
    'app/page.tsx': `import { allOfBefore } from '@/lib/other'; export default function Page() { return allOfBefore(); }`,
  };
  expect(sites(`${all} ${old}`, '', elsewhere)).toEqual(none);
  expect(
    sites(
      `${all} ${old}
        // allOfBefore() was called here
        export const rest = 1;`,
    ),
  ).toEqual(none);
});

test('what was not loaded may call it still', () => {
  const starts = {
    'lib/start.ts': `import { allOfBefore } from './queries'; export const start = () => allOfBefore();`,
  };
  expect(sites(`${all} ${old}`, '', starts)).toEqual(open);
  expect(sites(`${all} ${old}`, '', { 'lib/start.test.ts': starts['lib/start.ts'] })).toEqual(none);
});

test('what only an unused function calls is not used either, however it goes round', () => {
  expect(
    sites(`${all} ${old}
      export const before = () => { return allOfBefore(); };
      export const earlier = () => { return before() ?? later(); };
      export const later = () => { return earlier(); };`),
  ).toEqual(none);
});

test('a file that hands on what another exports leads to who calls it', () => {
  const barrel = { 'lib/index.ts': `export * from './queries'; export { allOfBefore } from './queries';` };
  expect(sites(`${all} ${old}`, '', barrel)).toEqual(none);
  expect(
    sites(`${all} ${old}`, `import { allOfBefore } from '@/lib/index'; export const later = [allOfBefore];`, barrel),
  ).toEqual(open);
});

test('what a framework calls, or is told of, is used', () => {
  expect(
    sites(
      `${all}
      export const job = wrap(async () => { return db.select().from(comments); });
      function wrap(run) { return { name: 'job' }; }`,
    ),
  ).toEqual(open);
});
