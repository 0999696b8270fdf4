import type { Term } from '../../../core/predicate.ts';
import type { Fact } from '../types.ts';
import { alternativesOf } from '../operations.ts';
import type { Value } from '../value.ts';

const deepest = 4;

/** Where a value comes from, without the names of rows and without constants: two mounts that give the same are one. */
export function provenanceShape(value: Value, depth = 0): string {
  if (depth > deepest) return '…';
  const inner = (part: Value): string => provenanceShape(part, depth + 1);
  switch (value.kind) {
    case 'constant':
      return value.value === null || value.value === undefined ? '0' : '1';
    case 'term':
      return termShape(value.term);
    case 'row':
      return `row ${value.row.table}`;
    case 'list':
      return `[${inner(value.element)}]`;
    case 'array':
      return `[${value.items.map(inner).join(',')}]`;
    case 'object':
      return `{${[...value.fields]
        .map(([name, field]) => `${name}:${inner(field)}`)
        .toSorted()
        .join(',')}${value.spread.map(inner).join(',')}}`;
    case 'choice':
      return `(${[...new Set(alternativesOf(value).map(alternative => inner(alternative.value)))].toSorted().join('|')})`;
    case 'promise':
      return inner(value.value);
    case 'native':
      return value.native.name;
    default:
      return value.kind;
  }
}

function termShape(term: Term): string {
  switch (term.kind) {
    case 'column':
      return `${term.row.replace(/#\d+$/, '')}.${term.column}`;
    case 'principal':
      return `principal ${term.attribute}`;
    case 'client':
    case 'tool-argument':
    case 'event':
      return `${term.kind} ${term.path}`;
    case 'call':
      return `${term.name}(${term.arguments.map(termShape).join(',')})`;
    default:
      return term.kind;
  }
}

/** What is known, without the names of rows. */
export function factsShape(facts: readonly Fact[]): string {
  return facts
    .filter(fact => fact.weakness === undefined && fact.holds.kind !== 'condition')
    .map(({ holds }) => (holds.kind === 'row' ? `row ${holds.row.table}` : holds.kind))
    .toSorted()
    .join(',');
}
