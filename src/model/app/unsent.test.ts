import { expect, test } from 'vitest';

import { filesInMemory } from '../../collect/source/files.ts';
import { sourceOf } from '../../collect/source/read-source.ts';
import { buildAppModel } from './build.ts';

/** The actions of `lib/save.ts` that the browser does not get. */
function unsent(files: Readonly<Record<string, string>>, next = '16.0.0'): readonly string[] {
  const given = {
    'package.json': JSON.stringify({ name: 'app', dependencies: { next } }),
    'tsconfig.json': JSON.stringify({ compilerOptions: { paths: { '@/*': ['./*'] } } }),
    'lib/save.ts': `'use server'; export async function save(id) { return id; } export async function drop(id) { return id; }`,
    'app/form.tsx': `'use client'; import { save } from '@/lib/save'; export function Form() { return <button onClick={() => save(1)} />; }`,
    'app/page.tsx': `import { Form } from './form'; import { drop } from '@/lib/save'; export default async function Page() { await drop(1); return <Form />; }`,
  };
  const app = buildAppModel(sourceOf(filesInMemory({ ...given, ...files })), undefined);
  return app.entryPoints.filter(point => point.unsent === true).map(point => point.symbol);
}

const page = (body: string, imports = `import { drop } from '@/lib/save';`): Readonly<Record<string, string>> => ({
  'app/page.tsx': `import { Form } from './form'; ${imports} export default async function Page() { ${body} }`,
});

test('an action that only the server calls is not sent', () => {
  expect(unsent({})).toEqual(['drop']);
  expect(unsent(page('// drop is for later\n return <Form />;', ''))).toEqual(['drop']);
});

test('one that a file of the browser imports is, straight or through others', () => {
  const menu = `import { drop } from '@/lib/save'; export const Menu = () => <a onClick={() => drop(2)} />;`;
  expect(unsent({ 'app/menu.tsx': `'use client'; ${menu}` })).toEqual([]);
  const form = `'use client'; import { save } from '@/lib/save'; import { Menu } from './menu'; export const Form = () => <Menu onClick={() => save(1)} />;`;
  expect(unsent({ 'app/menu.tsx': menu, 'app/form.tsx': form })).toEqual([]);
});

test('one that is handed on is: to a form, to a component, bound, under another name', () => {
  expect(unsent(page('return <form action={drop}><Form /></form>;'))).toEqual([]);
  expect(unsent(page('return <Form onDrop={drop.bind(null, 1)} />;'))).toEqual([]);
  expect(unsent(page('return <Form onDrop={away} />;', `import { drop as away } from '@/lib/save';`))).toEqual([]);
  expect(unsent(page('await away(1); return <Form />;', `import { drop as away } from '@/lib/save';`))).toEqual([
    'drop',
  ]);
  expect(unsent(page('return <Form all={all} />;', `import * as all from '@/lib/save';`))).toEqual([]);
  const barrel = { 'lib/index.ts': `export * from './save';` };
  const menu = `'use client'; import { drop } from '@/lib/index'; export const Menu = () => <a onClick={() => drop(2)} />;`;
  expect(unsent({ ...barrel, 'app/menu.tsx': menu })).toEqual([]);
});

test('before Next.js 15 every id could be computed', () => {
  expect(unsent({}, '14.2.3')).toEqual([]);
  expect(unsent({}, '^15.0.0')).toEqual(['drop']);
});
