import { expect, test } from 'vitest';

import { equals, type Term } from '../../core/predicate.ts';
import { conditionFact, rowFact } from './facts.ts';
import { canonical, factsShape } from './shapes.ts';
import type { Fact } from './types.ts';

const place = { file: 'app/page.tsx', line: 1 };
const column = (row: string, name: string): Term => ({ kind: 'column', row, column: name });
const known = (note: string, shelf: string): readonly Fact[] => [
  rowFact({ name: note, table: 'Note', where: equals(column(note, 'shelfId'), column(shelf, 'id')) }, place),
  conditionFact(equals(column(shelf, 'open'), { kind: 'constant', value: true }), place, ''),
];

test('a shape does not say how rows are numbered, nor in which order values were met', () => {
  expect(canonical('(Note#7.id=Shelf#9.id)')).toBe(canonical('(Note#1.id=Shelf#2.id)'));
  expect(canonical('opaque:lib getUser ‹$3f›')).toBe(canonical('opaque:lib getUser ‹$a1›'));
  expect(canonical('‹$3f›=‹$3f›')).not.toBe(canonical('‹$3f›=‹$4a›'));
});

test('facts that say the same of other rows have one shape', () => {
  expect(factsShape(known('Note#7', 'Shelf#9'))).toBe(factsShape(known('Note#1', 'Shelf#2')));
});

test('facts of which one is about another row have two', () => {
  const [first] = known('Note#1', 'Shelf#2');
  const [, second] = known('Note#1', 'Shelf#3');
  expect(factsShape([first, second].flatMap(fact => fact ?? []))).not.toBe(factsShape(known('Note#1', 'Shelf#2')));
});
