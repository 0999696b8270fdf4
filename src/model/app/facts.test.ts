import { expect, test } from 'vitest';
import { and, equals, or, type Predicate } from '../../core/predicate.ts';
import { withoutImplied, withoutStronger } from './choices.ts';
import { commonFacts, conditionFact, rowFact } from './facts.ts';
import type { Fact } from './types.ts';

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

test('of two alternatives the one that says more is none, since the other may be what holds', () => {
  expect(withoutStronger([a, and([a, b])])).toEqual([a]);
  expect(withoutStronger([and([b, a]), and([a, b]), c])).toEqual([and([b, a]), c]);
  expect(withoutStronger([and([a, c]), and([a, b])])).toHaveLength(2);
});

test('of alternatives that are too big what is plain in each stays', () => {
  const place = { file: 'lib/a.ts', line: 1 };
  const row = (name: string): Fact => {
    const where = equals({ kind: 'column', row: name, column: 'id' }, { kind: 'client', path: 'id' });
    return rowFact({ name, table: 'notes', where }, place);
  };
  const found = (name: string): Predicate => ({
    kind: 'exists',
    row: {
      name,
      table: 'notes',
      where: equals({ kind: 'column', row: name, column: 'id' }, { kind: 'client', path: name }),
    },
  });
  const many = (side: string, count: number): Fact =>
    conditionFact(or(Array.from({ length: count }, (_, index) => found(`${side}${index}`))), place, 'a choice');
  const told = (count: number): string =>
    JSON.stringify(
      commonFacts([
        [row('one'), many('l', count)],
        [row('two'), many('r', count)],
      ]),
    );
  expect(told(3)).toContain('l0');
  const some = JSON.stringify(
    commonFacts([
      [row('one'), many('l', 200), many('short', 4)],
      [row('two'), many('r', 200)],
    ]),
  );
  expect(some).toContain('short0');
  expect(some).not.toContain('l0');
  expect(told(200)).toContain('"one"');
  expect(told(200)).toContain('"two"');
  expect(told(200)).not.toContain('l0');
});
