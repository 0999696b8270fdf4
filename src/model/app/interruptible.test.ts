import { setImmediate } from 'node:timers';

import { expect, test } from 'vitest';

import { filesInMemory } from '../../collect/source/files.ts';
import { sourceOf } from '../../collect/source/read-source.ts';
import { buildAppModel, buildAppModelInterruptibly } from './build.ts';

const routes = Object.fromEntries(
  [1, 2, 3, 4, 5].map(number => [
    `app/api/r${number}/route.ts`,
    'export async function GET() { return new Response(); }',
  ]),
);
const source = () => sourceOf(filesInMemory({ 'package.json': '{ "dependencies": { "next": "16.0.0" } }', ...routes }));

test('a signal is heard between two entry points, and the model is the same', async () => {
  let heard = 0;
  const listen = (): void => {
    heard += 1;
    if (heard < 100) setImmediate(listen);
  };
  setImmediate(listen);
  const model = await buildAppModelInterruptibly(source(), undefined);
  expect(heard).toBeGreaterThanOrEqual(5);
  expect(model).toEqual(buildAppModel(source(), undefined));
});
