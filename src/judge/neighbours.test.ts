import { expect, test } from 'vitest';

import type { AppModel, Observation } from '../model/app/types.ts';
import { NeighbourCount } from './neighbours.ts';

function entry(file: string, signedIn: boolean, system = false): Observation {
  return { kind: 'entry-guards', place: { file, line: 1 }, entryPoint: file, signedIn, roles: [], system };
}

const app = {
  observations: [
    entry('app/api/teams/a/route.ts', true),
    entry('app/api/teams/b/route.ts', true),
    entry('app/api/teams/c/route.ts', true),
    entry('app/api/teams/open/route.ts', false),
    entry('app/api/links/a/route.ts', false),
    entry('app/api/links/b/route.ts', false),
    entry('app/api/links/c/route.ts', true),
    entry('app/api/links/d/route.ts', false),
    entry('app/api/cron/a/route.ts', false, true),
  ],
} as unknown as AppModel;

test('the entry points of the nearest folder with some others tell what is usual', () => {
  const count = new NeighbourCount(app);
  expect(count.of('app/api/teams/open/route.ts')).toEqual({ folder: 'app/api/teams', asking: 3, all: 3 });
  expect(count.of('app/api/links/a/route.ts')).toEqual({ folder: 'app/api/links', asking: 1, all: 3 });
});

test('what only our own systems call is not counted, and tells of none', () => {
  expect(new NeighbourCount(app).of('app/api/cron/a/route.ts')).toBeUndefined();
});

test('with few others nothing is told', () => {
  const few = { observations: app.observations.slice(0, 2) } as unknown as AppModel;
  expect(new NeighbourCount(few).of('app/api/teams/a/route.ts')).toBeUndefined();
});
