import { expect, test } from 'vitest';
import { makeNotes } from './notes.ts';

test('a note is found on the object that it was kept on, and not on a copy', () => {
  const names = makeNotes<string>();
  const object = { kind: 'invoice' };
  expect(names.of(object)).toBeUndefined();
  expect(names.keep(object, 'first')).toBe('first');
  expect(names.of(object)).toBe('first');
  expect(names.of({ ...object })).toBeUndefined();
});

test('notes of two kinds do not mix, and nothing that looks at the object sees them', () => {
  const names = makeNotes<string>();
  const sizes = makeNotes<number>();
  const object = Object.freeze({ kind: 'invoice' });
  names.keep(object, 'first');
  expect(sizes.of(object)).toBeUndefined();
  sizes.keep(object, 3);
  expect(object).toEqual({ kind: 'invoice' });
  expect(Reflect.ownKeys(object)).toEqual(['kind']);
  expect(JSON.stringify(object)).toBe('{"kind":"invoice"}');
});
