import { tablesByName } from '../../logic/closure.ts';
import { isPattern } from './constant-texts.ts';
import type { Machine } from './machine.ts';
import { alternativesOf, choose, type Assumed } from './operations.ts';
import { constant, type PlainType, type Value } from './value.ts';

/** What `typeof` gives for a value, as far as it is known of each of its alternatives. */
export function typeOf(machine: Machine, value: Value): Value | undefined {
  const results: { readonly value: Value; readonly facts: ReturnType<typeof alternativesOf>[number]['facts'] }[] = [];
  for (const { value: inner, facts } of alternativesOf(value)) {
    const type = typeName(machine, inner);
    if (type === undefined) return undefined;
    results.push({ value: constant(type), facts });
  }
  return results.length === 0 ? undefined : choose(results);
}

/** The value where `typeof` gives this for it, or does not; absent when that cannot be. */
export function withTypeof(machine: Machine, value: Value, type: string, same: boolean): Assumed | undefined {
  const known = typeName(machine, value);
  if (known !== undefined) return (known === type) === same ? { value, facts: [] } : undefined;
  if (value.kind !== 'term') return { value, facts: [] };
  if (!same) return { value: type === 'undefined' ? { ...value, maybeUndefined: false } : value, facts: [] };
  if (!isPlainType(type)) return { value, facts: [] };
  // A number may be 0, and an empty text is a text.
  return { value: { ...value, maybeUndefined: false, type }, facts: [] };
}

/** What a conversion makes of a value: the same provenance, of the type it gives. */
export function converted(value: Value, type: PlainType | undefined): Value {
  return choose(
    alternativesOf(value).map(({ value: inner, facts }) => ({ value: convertedPlain(inner, type), facts })),
  );
}

function convertedPlain(value: Value, type: PlainType | undefined): Value {
  if (value.kind !== 'term') return value;
  const { type: _before, ...rest } = value;
  // `Number(undefined)` is a number, and `String(undefined)` a text.
  return type === undefined ? rest : { ...rest, maybeUndefined: false, type };
}

function typeName(machine: Machine, value: Value): string | undefined {
  switch (value.kind) {
    case 'constant':
      // A regular expression is kept as its text; one that could as well be an address may be either.
      return typeof value.value === 'string' && isPattern(value.value) ? patternType(value.value) : typeof value.value;
    case 'term':
      return value.maybeUndefined ? undefined : (value.type ?? typeOfColumn(machine, value));
    case 'function':
      return 'function';
    case 'object':
    case 'array':
    case 'list':
    case 'row':
    case 'promise':
    case 'response':
    case 'element':
      return 'object';
    case 'test':
      return 'boolean';
    default:
      return undefined;
  }
}

function patternType(text: string): string | undefined {
  return /[\\^$*+?()[\]{}|]/.test(text) ? 'object' : undefined;
}

/** A column that is there, where every driver and library reads its type alike. */
function typeOfColumn(machine: Machine, { term }: Extract<Value, { kind: 'term' }>): PlainType | undefined {
  if (term.kind !== 'column' || machine.database === undefined) return undefined;
  const table = tablesByName(machine.database).get(machine.rows.get(term.row)?.table ?? '');
  const type = table?.columns.find(({ name, notNull }) => name === term.column && notNull)?.type ?? '';
  if (/^(?:integer|int|int2|int4|smallint|serial|real|double precision|float4|float8)$/i.test(type)) return 'number';
  if (/^(?:text|uuid|citext|(?:character varying|varchar|character|char)(?:\(\d+\))?)$/i.test(type)) return 'string';
  return /^bool(?:ean)?$/i.test(type) ? 'boolean' : undefined;
}

function isPlainType(type: string): type is PlainType {
  return type === 'string' || type === 'number' || type === 'boolean';
}
