import { makeNotes } from '../core/notes.ts';
import type { Predicate, RowVariable, Term } from '../core/predicate.ts';

const keyNotes = makeNotes<string>();

/** One text per term: equal texts are equal terms. */
export function termKey(term: Term): string {
  return keyNotes.of(term) ?? keyNotes.keep(term, writeTerm(term));
}

function writeTerm(term: Term): string {
  switch (term.kind) {
    case 'column':
      return `column ${term.row}.${term.column}`;
    case 'principal':
      return `principal ${term.attribute}`;
    case 'client':
      return `client ${term.path}`;
    case 'tool-argument':
      return `tool ${term.path}`;
    case 'event':
      return `event ${term.path}`;
    case 'setting':
      return `setting ${term.name}`;
    case 'constant':
      return `constant ${typeof term.value} ${String(term.value)}`;
    case 'environment':
      return `environment ${term.name}`;
    case 'call':
      return `call ${term.name}(${term.arguments.map(termKey).join(', ')})`;
    case 'opaque':
      return `opaque ${term.id}`;
  }
}

/** A value that the caller or a language model chose, or one computed from such a value. */
export function isChosen(term: Term): boolean {
  return (
    term.kind === 'client' || term.kind === 'tool-argument' || (term.kind === 'call' && term.arguments.some(isChosen))
  );
}

/** The predicate with every term replaced, inside sub-queries too. */
export function mapTerms(predicate: Predicate, replace: (term: Term) => Term): Predicate {
  switch (predicate.kind) {
    case 'true':
    case 'false':
    case 'opaque':
      return predicate;
    case 'compare':
      return { ...predicate, left: replaceIn(predicate.left, replace), right: replaceIn(predicate.right, replace) };
    case 'is-null':
      return { kind: 'is-null', term: replaceIn(predicate.term, replace) };
    case 'and':
    case 'or':
      return { kind: predicate.kind, operands: predicate.operands.map(operand => mapTerms(operand, replace)) };
    case 'not':
      return { kind: 'not', operand: mapTerms(predicate.operand, replace) };
    case 'maybe-absent':
      return { ...predicate, operand: mapTerms(predicate.operand, replace) };
    case 'exists':
      return { kind: 'exists', row: { ...predicate.row, where: mapTerms(predicate.row.where, replace) } };
  }
}

function replaceIn(term: Term, replace: (term: Term) => Term): Term {
  const replaced = replace(term);
  if (replaced.kind !== 'call') return replaced;
  return { ...replaced, arguments: replaced.arguments.map(argument => replaceIn(argument, replace)) };
}

/** The predicate with row variables renamed, bound ones and references alike. */
export function renameRows(predicate: Predicate, rename: (row: string) => string): Predicate {
  const renamed = mapTerms(predicate, term => (term.kind === 'column' ? { ...term, row: rename(term.row) } : term));
  return renameBound(renamed, rename);
}

function renameBound(predicate: Predicate, rename: (row: string) => string): Predicate {
  switch (predicate.kind) {
    case 'and':
    case 'or':
      return { kind: predicate.kind, operands: predicate.operands.map(operand => renameBound(operand, rename)) };
    case 'not':
      return { kind: 'not', operand: renameBound(predicate.operand, rename) };
    case 'maybe-absent':
      return { ...predicate, operand: renameBound(predicate.operand, rename) };
    case 'exists':
      return {
        kind: 'exists',
        row: { ...predicate.row, name: rename(predicate.row.name), where: renameBound(predicate.row.where, rename) },
      };
    default:
      return predicate;
  }
}

/** Every term of the predicate, sub-queries included, in order of appearance. */
export function termsOf(predicate: Predicate): readonly Term[] {
  const found: Term[] = [];
  mapTerms(predicate, term => {
    found.push(term);
    return term;
  });
  return found;
}

/** Row variables that the predicate requires to exist (positive `exists` anywhere in a conjunction). */
export function witnessesOf(predicate: Predicate): readonly RowVariable[] {
  switch (predicate.kind) {
    case 'and':
      return predicate.operands.flatMap(witnessesOf);
    case 'exists':
      return [predicate.row, ...witnessesOf(predicate.row.where)];
    case 'maybe-absent':
      return witnessesOf(predicate.operand);
    default:
      return [];
  }
}
