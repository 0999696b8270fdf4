import { expect, test } from 'vitest';

import { imports, traceApp } from './fixtures/inline-app.ts';

/** What a route reads when it lets everybody in under a condition, and refuses strangers otherwise. */
function lettingIn(condition: string, files: Readonly<Record<string, string>> = {}): readonly string[] {
  const { queries } = traceApp({
    ...files,
    'app/api/notes/route.ts': `${imports}
      async function allow() { if (${condition}) return null; return requireUser(); }
      export async function GET() {
        await allow();
        return NextResponse.json(await db.select().from(notes));
      }`,
  });
  return queries.filter(path => path.query.table === 'notes').map(path => path.principal);
}

test('what only development lets in is not let in', () => {
  expect(lettingIn(`process.env.NODE_ENV !== 'production'`)).toEqual(['member']);
  expect(lettingIn(`process.env.NODE_ENV === 'production'`)).toEqual(['anonymous']);
});

test('a variable that nobody is sure of lets in', () => {
  expect(lettingIn(`process.env.OPEN === 'yes'`)).toEqual(['anonymous']);
});

test('the platform’s own variables are what they are there, where the app is deployed there', () => {
  expect(lettingIn(`process.env.VERCEL !== '1'`, { 'vercel.json': '{}' })).toEqual(['member']);
  expect(lettingIn(`process.env.VERCEL !== '1'`)).toEqual(['anonymous']);
});
