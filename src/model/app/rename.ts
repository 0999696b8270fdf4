import type { Predicate, RowVariable, Term } from '../../core/predicate.ts';
import type { Fact } from './types.ts';
import type { Alternative, Value } from './value.ts';

/** How names of row variables change. */
export type Renaming = ReadonlyMap<string, string>;

/** The term with row variables renamed. */
export function renameTerm(term: Term, names: Renaming): Term {
  switch (term.kind) {
    case 'column': {
      const row = names.get(term.row);
      return row === undefined ? term : { ...term, row };
    }
    case 'call': {
      const changed = term.arguments.map(argument => renameTerm(argument, names));
      return changed.every((argument, index) => argument === term.arguments[index])
        ? term
        : { ...term, arguments: changed };
    }
    default:
      return term;
  }
}

/** The predicate with row variables renamed. */
export function renamePredicate(predicate: Predicate, names: Renaming): Predicate {
  switch (predicate.kind) {
    case 'compare':
      return { ...predicate, left: renameTerm(predicate.left, names), right: renameTerm(predicate.right, names) };
    case 'is-null':
      return { ...predicate, term: renameTerm(predicate.term, names) };
    case 'and':
    case 'or':
      return { ...predicate, operands: predicate.operands.map(operand => renamePredicate(operand, names)) };
    case 'not':
    case 'maybe-absent':
      return { ...predicate, operand: renamePredicate(predicate.operand, names) };
    case 'exists':
      return { kind: 'exists', row: renameRow(predicate.row, names) };
    default:
      return predicate;
  }
}

/** The row variable with itself and others renamed. */
export function renameRow(row: RowVariable, names: Renaming): RowVariable {
  return { ...row, name: names.get(row.name) ?? row.name, where: renamePredicate(row.where, names) };
}

/** The fact with row variables renamed. */
export function renameFact(fact: Fact, names: Renaming): Fact {
  const holds = fact.holds;
  switch (holds.kind) {
    case 'row':
      return { ...fact, holds: { kind: 'row', row: renameRow(holds.row, names) } };
    case 'condition':
      return { ...fact, holds: { kind: 'condition', condition: renamePredicate(holds.condition, names) } };
    case 'member':
      return { ...fact, holds: { kind: 'member', tenant: renameTerm(holds.tenant, names) } };
    case 'role':
      return holds.tenant === undefined
        ? fact
        : { ...fact, holds: { ...holds, tenant: renameTerm(holds.tenant, names) } };
    default:
      return fact;
  }
}

/** The value with row variables renamed everywhere inside. */
export function renameValue(value: Value, names: Renaming): Value {
  const inner = (part: Value): Value => renameValue(part, names);
  const facts = (list: readonly Fact[]): readonly Fact[] => list.map(fact => renameFact(fact, names));
  const fields = (map: ReadonlyMap<string, Value>): ReadonlyMap<string, Value> =>
    new Map([...map].map(([name, field]) => [name, inner(field)]));
  switch (value.kind) {
    case 'term': {
      const term = renameTerm(value.term, names);
      return term === value.term ? value : { ...value, term };
    }
    case 'row':
      return {
        ...value,
        row: renameRow(value.row, names),
        fields: value.fields === undefined ? undefined : fields(value.fields),
      };
    case 'list':
      return {
        ...value,
        element: inner(value.element),
        rows: value.rows === undefined ? undefined : renameRow(value.rows, names),
        facts: facts(value.facts),
      };
    case 'object':
      return { ...value, fields: fields(value.fields), spread: value.spread.map(inner) };
    case 'array':
      return { ...value, items: value.items.map(inner) };
    case 'choice':
      return {
        ...value,
        alternatives: value.alternatives.map((alternative): Alternative => ({
          value: inner(alternative.value),
          facts: facts(alternative.facts),
        })),
      };
    case 'test':
      return { ...value, whenTrue: facts(value.whenTrue), whenFalse: facts(value.whenFalse) };
    case 'promise':
      return { ...value, value: inner(value.value), facts: facts(value.facts) };
    default:
      return value;
  }
}
