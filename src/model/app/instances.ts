import { alternativesOf, choose } from './operations.ts';
import { constant, type Value } from './value.ts';

const unknownTest: Value = { kind: 'test', whenTrue: [], whenFalse: [] };

/** Whether a value can be an instance of a class: `undefined` when that is not known. */
export function isInstance(value: Value, type: Value): boolean | undefined {
  if (value.kind === 'constant' || value.kind === 'test') return false;
  const name = type.kind === 'external' ? type.path : type.kind === 'native' ? type.native.name : '';
  const answers = /^(?:Next)?Response$/.test(name);
  if (value.kind === 'response') return answers ? true : name === '' ? undefined : false;
  const known = value.kind === 'row' || value.kind === 'list' || value.kind === 'array' || value.kind === 'element';
  if (known && (answers || name.endsWith('Error'))) return false;
  // A request, a client of a database, an object that the program wrote out: none of them is an answer.
  if (answers && (value.kind === 'native' || (value.kind === 'object' && value.spread.length === 0))) return false;
  return undefined;
}

/** `value instanceof type`. */
export function instanceTest(value: Value, type: Value): Value {
  return choose(
    alternativesOf(value).map(({ value: inner, facts }) => {
      const known = isInstance(inner, type);
      return { value: known === undefined ? unknownTest : constant(known), facts };
    }),
  );
}
