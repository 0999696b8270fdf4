import { carriedBy } from './captured.ts';
import type { FunctionClosure, Effect } from './machine.ts';
import { atoms, partsOf, type Value } from './value.ts';

/**
 * Why the result of a function that calls itself is not known. Where it was given no row, and captured none, all that it can
 * hold is what it read itself.
 */
export function whyCut(closure: FunctionClosure, given: readonly Value[], self: Value): string {
  const { name } = closure.code;
  const held = carriedBy([{ kind: 'function', name, file: '', line: 0, closure }]) ?? [];
  return name !== '' && [...given, ...held, self].every(holdsNoRow)
    ? `the call of '${name}' by itself was not followed`
    : `the call of '${name}' was not followed (recursion)`;
}

/** The function that alone read what is hidden behind such a result. */
export function readByItself(reason: string): string | undefined {
  return /^the call of '([^']+)' by itself was not followed$/.exec(reason)?.[1];
}

function holdsNoRow(value: Value): boolean {
  switch (value.kind) {
    case 'constant':
      return true;
    case 'term':
      return atoms(value.term).every(atom => atom.kind !== 'column' && atom.kind !== 'opaque');
    case 'object':
    case 'array':
    case 'choice':
    case 'external':
      return partsOf(value).every(part => holdsNoRow(part.value));
    case 'function':
      return (carriedBy([value]) ?? []).every(holdsNoRow);
    default:
      return false;
  }
}

/** The rows that are read in calls of a function of this name; all of them where `isItself` says that it is the entry point. */
export function rowsReadBy(effects: readonly Effect[], name: string, isItself: boolean): ReadonlySet<string> {
  const rows = new Set<string>();
  const seen = { inside: new Set<readonly Effect[]>(), outside: new Set<readonly Effect[]>() };
  const look = (list: readonly Effect[], inside: boolean): void => {
    const known = inside ? seen.inside : seen.outside;
    if (known.has(list)) return;
    known.add(list);
    for (const effect of list) {
      if (effect.kind === 'call') look(effect.effects, inside || effect.step?.label === name);
      if (effect.kind === 'query' && inside)
        for (const row of [effect.draft.row, ...effect.draft.joined]) rows.add(row.name);
    }
  };
  look(effects, isItself);
  return rows;
}
