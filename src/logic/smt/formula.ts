/** Formulas of SMT-LIB 2 as text, made small while they are made. https://smt-lib.org/language.shtml */

/** A bound variable and its sort. */
export interface Variable {
  readonly name: string;
  readonly sort: string;
}

/** The conjunction; `true` when empty. */
export function all(parts: readonly string[]): string {
  return joined(parts, 'and', 'true', 'false');
}

/** The disjunction; `false` when empty. */
export function any(parts: readonly string[]): string {
  return joined(parts, 'or', 'false', 'true');
}

/**
 * Formulas grow to megabytes while they are made of each other: a text that is added to another is not copied before the whole
 * is read, and a few are told from each other by their lengths, without reading them to the end.
 */
function joined(parts: readonly string[], operator: string, neutral: string, decisive: string): string {
  if (parts.includes(decisive)) return decisive;
  const kept = distinct(parts.filter(part => part !== neutral));
  const [first] = kept;
  if (first === undefined || kept.length === 1) return first ?? neutral;
  let text = `(${operator}`;
  for (const part of kept) text += ` ${part}`;
  return `${text})`;
}

/** More than these are told from each other by their hashes. */
const few = 16;

function distinct(parts: readonly string[]): readonly string[] {
  if (parts.length > few) return [...new Set(parts)];
  return parts.filter((part, index) => parts.indexOf(part) === index);
}

/** The negation. */
export function not(part: string): string {
  if (part === 'true') return 'false';
  if (part === 'false') return 'true';
  return `(not ${part})`;
}

/** There are values of the variables for which the body holds. */
export function some(variables: readonly Variable[], body: string): string {
  return bind('exists', variables, body);
}

/** The body holds for all values of the variables. */
export function every(variables: readonly Variable[], body: string): string {
  return bind('forall', variables, body);
}

function bind(binder: 'exists' | 'forall', variables: readonly Variable[], body: string): string {
  // A value that stands on both sides ranges over one row.
  const used = variables.filter(
    ({ name }, index) => variables.findIndex(variable => variable.name === name) === index && mentions(body, name),
  );
  if (used.length === 0 || body === 'true' || body === 'false') return body;
  return `(${binder} (${used.map(({ name, sort }) => `(${name} ${sort})`).join(' ')}) ${body})`;
}

function mentions(body: string, name: string): boolean {
  for (let at = body.indexOf(name); at >= 0; at = body.indexOf(name, at + 1)) {
    const next = body[at + name.length] ?? ' ';
    const before = body[at - 1] ?? ' ';
    if (/[\s()]/.test(next) && /[\s()]/.test(before)) return true;
  }
  return false;
}

/** Both are the same value. */
export function same(left: string, right: string): string {
  return left === right ? 'true' : `(= ${left} ${right})`;
}

/** An application of a function; its name alone without arguments. */
export function apply(name: string, parts: readonly string[]): string {
  return parts.length === 0 ? name : `(${name} ${parts.join(' ')})`;
}

/** A name as a quoted symbol. */
export function symbol(name: string): string {
  return `|${name.replaceAll(/[|\\]/g, '!')}|`;
}
