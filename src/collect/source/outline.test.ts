import { expect, test } from 'vitest';
import { filesInMemory } from './files.ts';
import { lowerModule } from './lower.ts';
import { openingDirective, outlineOf } from './outline.ts';
import { sourceOf } from './read-source.ts';

const card = `'use client';
import type { Invoice } from './types';
import { type Money, format } from './money';
import * as icons from './icons';
import Button, { variants as looks } from '../ui/button';
import './card.css';
export { total, type Line } from './total';
export * from './parts';
export function Card() { return null; }
`;

test('an outline names value imports, re-exports and exports in their order', () => {
  expect(outlineOf('app/card.tsx', card)).toEqual({
    file: 'app/card.tsx',
    directive: 'use client',
    imports: [
      { specifier: './money', names: ['format'], line: 3 },
      { specifier: './icons', names: ['*'], line: 4 },
      { specifier: '../ui/button', names: ['default', 'variants'], line: 5 },
      { specifier: './card.css', names: [], line: 6 },
      { specifier: './total', names: ['total'], line: 7 },
      { specifier: './parts', names: ['*'], line: 8 },
    ],
    exports: new Set(['total', 'Line', 'Card']),
    exportAll: ['./parts'],
  });
});

test('an outline says the same of imports as the lowered file', () => {
  const source = sourceOf(
    filesInMemory({
      'package.json': '{"dependencies":{"next":"16.0.0"}}',
      'app/page.tsx': 'export default function Page() { return null; }',
      'app/card.tsx': card,
    }),
  );
  const outline = source.outline('app/card.tsx');
  expect(source.loaded()).toEqual([]);
  source.module('app/card.tsx');
  expect(source.outline('app/card.tsx')?.imports).toEqual(outline?.imports);
  expect(source.outlined()).toEqual([]);
});

test.each([
  ['reads the environment', `export const key = process.env.NEXT_PUBLIC_KEY;`],
  ['holds a key', `export const key = 'sk_live_abcdefgh';`],
  ['asks the database', `export const list = () => db.select().from(notes);`],
  ['loads a file later', `export const later = () => import('./later');`],
  ['has a directive further in', `export async function save() { 'use server'; }`],
  ['accepts a finding', `// drydock-ignore path/query-ignores-tenant: seen\nexport const a = 1;`],
  ['has broken syntax', `export const = 1;`],
])('a file that %s has no outline', (_, text) => {
  expect(outlineOf('lib/file.ts', text)).toBeUndefined();
});

test('a directive stands after comments, however many, and not after code', () => {
  const comments = '/* part of a licence */\n// and more\n'.repeat(200);
  expect(openingDirective(`${comments}'use client';`)).toBe('use client');
  expect(openingDirective(`${comments}export const a = 1;\n'use client';`)).toBeUndefined();
  expect(openingDirective(`/* never ends 'use client'`)).toBeUndefined();
});

test('plain JavaScript may hold elements', () => {
  const page = `import { Frame } from './frame'; export default function Page() { return <Frame>hello</Frame>; }`;
  expect(outlineOf('pages/index.js', page)?.imports.map(entry => entry.specifier)).toEqual(['./frame']);
  expect(lowerModule('pages/index.js', page).kind).toBe('module');
  expect(lowerModule('lib/cast.ts', 'export const id = <string>(value: string) => value;').kind).toBe('module');
});
