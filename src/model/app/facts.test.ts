import { expect, test } from 'vitest';
import { and, equals, or, type Predicate } from '../../core/predicate.ts';
import { withoutImplied } from './facts.ts';

const is = (path: string): Predicate => equals({ kind: 'client', path }, { kind: 'constant', value: 1 });
const [a, b, c] = [is('a'), is('b'), is('c')];

test('a choice that was made says nothing more, one that is open says what it says', () => {
  expect(withoutImplied([a, or([a, b])])).toEqual([a]);
  expect(withoutImplied([a, or([b, c])])).toEqual([a, or([b, c])]);
  expect(withoutImplied([a, or([and([a, b]), c])])).toEqual([a, or([and([a, b]), c])]);
});

test('of two choices the one that says more stays, and one of two that say the same', () => {
  expect(withoutImplied([or([a, b]), or([and([a, c]), b])])).toEqual([or([and([a, c]), b])]);
  expect(withoutImplied([or([a, b]), or([a, b])])).toHaveLength(1);
  expect(withoutImplied([or([a, b]), or([b, c])])).toHaveLength(2);
});
