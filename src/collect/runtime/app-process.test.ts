import { expect, test } from 'vitest';
import { buildSentence } from './app-process.ts';

test('the first error of a build becomes a sentence with its place', () => {
  expect(buildSentence('/nowhere', "./app/page.tsx:12:5: Error: Module not found: Can't resolve '@/lib/stripe'")).toBe(
    "the build stopped at app/page.tsx:12 (Module not found: Can't resolve '@/lib/stripe').",
  );
  expect(
    buildSentence('/nowhere', "components/sidebar.tsx(34,71): error TS18047: 'pathname' is possibly 'null'."),
  ).toBe("the build stopped at components/sidebar.tsx:34 (TS18047: 'pathname' is possibly 'null').");
});

test('a line without a place stays as it is', () => {
  expect(buildSentence('/nowhere', 'Error: out of memory')).toBe('Error: out of memory');
});
