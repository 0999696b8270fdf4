import { expect, test } from 'vitest';
import { SnapshotMap } from './snapshots.ts';

test('what is written after a snapshot does not reach it', () => {
  const map = new SnapshotMap<string, number>();
  map.set('a', 1);
  const before = map.snapshot();
  map.set('a', 2);
  map.set('b', 3);
  map.delete('a');
  expect([...before]).toEqual([['a', 1]]);
  expect([...map]).toEqual([['b', 3]]);
});

test('a restored snapshot stays as it was when the map is written to again', () => {
  const map = new SnapshotMap<string, number>();
  map.set('a', 1);
  const before = map.snapshot();
  map.set('a', 2);
  map.restore(before);
  map.set('c', 4);
  expect([...before]).toEqual([['a', 1]]);
  map.restore(before);
  expect([...map]).toEqual([['a', 1]]);
});

test('two snapshots between writes are the same map', () => {
  const map = new SnapshotMap<string, number>();
  map.set('a', 1);
  expect(map.snapshot()).toBe(map.snapshot());
});
