import { expect, test } from 'vitest';
import { readSuppressions } from './suppressions.ts';

function targets(file: string, lines: readonly string[]): readonly string[] {
  return readSuppressions(file, lines.join('\n')).map(
    ({ target, checks, reason }) => `${target} ${checks.join('+')} ${reason}`,
  );
}

test('a comment on a line of its own speaks of the next line of code', () => {
  expect(targets('a.ts', ['// drydock-ignore path/x: shared catalogue', '// more', '', 'query();'])).toEqual([
    '4 path/x shared catalogue',
  ]);
});

test('a comment at the end of a line speaks of that line', () => {
  expect(targets('a.ts', ['query(); // drydock-ignore path/x: shared', 'other();'])).toEqual(['1 path/x shared']);
});

test('block comments and those of JSX are read, without their end', () => {
  expect(targets('a.tsx', ['{/* drydock-ignore path/x: shown to all */}', '<List />'])).toEqual([
    '2 path/x shown to all',
  ]);
});

test('in SQL a comment begins with two dashes, in code it does not', () => {
  expect(targets('a.sql', ['-- drydock-ignore database/x: reference data', 'create table t ();'])).toEqual([
    '2 database/x reference data',
  ]);
  expect(targets('a.ts', ['-- drydock-ignore path/x: no', 'x();'])).toEqual([]);
});

test('several checks share one reason', () => {
  expect(targets('a.ts', ['x(); // drydock-ignore path/x, path/y: both'])).toEqual(['1 path/x+path/y both']);
});

test('the placeholder that Drydock prints is no reason, and a comment about the word is no suppression', () => {
  expect(targets('a.ts', ['x(); // drydock-ignore path/x: <why this is right>'])).toEqual(['1 path/x ']);
  expect(targets('a.ts', ['// see drydock-ignore in the manual', "const text = 'drydock-ignore path/x: a';"])).toEqual(
    [],
  );
});
