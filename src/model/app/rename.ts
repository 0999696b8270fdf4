import { makeNotes } from '../../core/notes.ts';
import type { Predicate, RowVariable, Term } from '../../core/predicate.ts';
import type { Fact } from './types.ts';
import { atoms, type Alternative, type Value } from './value.ts';

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

/** The predicate with row variables renamed; itself where none of them is in it. */
export function renamePredicate(predicate: Predicate, names: Renaming): Predicate {
  switch (predicate.kind) {
    case 'compare': {
      const left = renameTerm(predicate.left, names);
      const right = renameTerm(predicate.right, names);
      return left === predicate.left && right === predicate.right ? predicate : { ...predicate, left, right };
    }
    case 'is-null': {
      const term = renameTerm(predicate.term, names);
      return term === predicate.term ? predicate : { ...predicate, term };
    }
    case 'and':
    case 'or':
      // Most of what is known on a path says nothing of any one row.
      return rowsNamed(predicate).some(name => names.has(name))
        ? { ...predicate, operands: predicate.operands.map(operand => renamePredicate(operand, names)) }
        : predicate;
    case 'not':
    case 'maybe-absent': {
      const operand = renamePredicate(predicate.operand, names);
      return operand === predicate.operand ? predicate : { ...predicate, operand };
    }
    case 'exists': {
      const row = renameRow(predicate.row, names);
      return row === predicate.row ? predicate : { kind: 'exists', row };
    }
    default:
      return predicate;
  }
}

const rowNotes = makeNotes<readonly string[]>();

/** The names of all rows that a predicate speaks of. */
function rowsNamed(predicate: Predicate): readonly string[] {
  switch (predicate.kind) {
    case 'compare':
      return [...rowsOf(predicate.left), ...rowsOf(predicate.right)];
    case 'is-null':
      return rowsOf(predicate.term);
    case 'and':
    case 'or':
      return rowNotes.of(predicate) ?? rowNotes.keep(predicate, [...new Set(predicate.operands.flatMap(rowsNamed))]);
    case 'not':
    case 'maybe-absent':
      return rowsNamed(predicate.operand);
    case 'exists':
      return [predicate.row.name, ...rowsNamed(predicate.row.where)];
    default:
      return [];
  }
}

function rowsOf(term: Term): readonly string[] {
  return atoms(term).flatMap(atom => (atom.kind === 'column' ? [atom.row] : []));
}

/** The row variable with itself and others renamed. */
export function renameRow(row: RowVariable, names: Renaming): RowVariable {
  const name = names.get(row.name) ?? row.name;
  const where = renamePredicate(row.where, names);
  return name === row.name && where === row.where ? row : { ...row, name, where };
}

/** The fact with row variables renamed; itself where none of them is in it. */
export function renameFact(fact: Fact, names: Renaming): Fact {
  const holds = fact.holds;
  switch (holds.kind) {
    case 'row': {
      const row = renameRow(holds.row, names);
      return row === holds.row && holds.client === undefined ? fact : { ...fact, holds: { kind: 'row', row } };
    }
    case 'condition': {
      const condition = renamePredicate(holds.condition, names);
      return condition === holds.condition ? fact : { ...fact, holds: { kind: 'condition', condition } };
    }
    case 'member': {
      const tenant = renameTerm(holds.tenant, names);
      return tenant === holds.tenant ? fact : { ...fact, holds: { kind: 'member', tenant } };
    }
    case 'role': {
      if (holds.tenant === undefined) return fact;
      const tenant = renameTerm(holds.tenant, names);
      return tenant === holds.tenant ? fact : { ...fact, holds: { ...holds, tenant } };
    }
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
