import { memberOf } from '../../expressions.ts';
import type { Call } from '../../machine.ts';
import { alternativesOf, choose } from '../../operations.ts';
import type { Value } from '../../value.ts';

/** What leaves of a value where the names of its fields were declared: `['id', { lines: ['title'] }]`. */
export function narrowed(call: Call, value: Value, fields: Value | undefined): Value {
  if (fields?.kind !== 'array') return value;
  switch (value.kind) {
    case 'choice':
      return choose(
        alternativesOf(value).map(({ value: inner, facts }) => ({ value: narrowed(call, inner, fields), facts })),
      );
    case 'list':
      return { ...value, element: narrowed(call, value.element, fields) };
    case 'array':
      return { ...value, items: value.items.map(item => narrowed(call, item, fields)) };
    case 'response':
      return { ...value, body: narrowed(call, value.body, fields) };
    case 'row':
    case 'object':
      return { kind: 'object', fields: new Map(fields.items.flatMap(item => kept(call, value, item))), spread: [] };
    default:
      return value;
  }
}

function kept(call: Call, value: Value, field: Value): readonly (readonly [string, Value])[] {
  const read = (name: string): Value => memberOf(call.machine, call.frame, value, name, call.at, true);
  if (field.kind === 'constant') return [[String(field.value), read(String(field.value))]];
  if (field.kind !== 'object') return [];
  return [...field.fields].map(([name, inner]) => [name, narrowed(call, read(name), inner)]);
}
