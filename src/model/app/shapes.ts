import { createHash } from 'node:crypto';

import { makeNotes } from '../../core/notes.ts';
import type { Predicate } from '../../core/predicate.ts';
import { shapeOf, shapesText, type Shape } from '../../core/shape.ts';
import { factKey, predicateText } from './keys.ts';
import type { Fact } from './types.ts';

/** What was not followed is known by its place, which moves with every edit, or by values in the order they were met. */
const unfollowed = /opaque:\S+:\d+/g;
const rowNames = /[\w.]+#\d+|sql\d+_\w+|‹[^›]*›/g;

/** The text with row names numbered by their order in it, so that equal shapes are equal texts. */
export function canonical(text: string): string {
  const names = new Map<string, string>();
  return text.replaceAll(unfollowed, 'opaque').replaceAll(rowNames, name => {
    const known = names.get(name) ?? `${withoutNumber(name)}~${names.size}`;
    names.set(name, known);
    return known;
  });
}

function withoutNumber(name: string): string {
  return name.replace(/#\d+$/, '').replace(/^sql\d+_|‹[^›]*›/, '');
}

const shapeNotes = makeNotes<Shape>();

function readShape(text: string): Shape {
  const names: string[] = [];
  const plain = text.replaceAll(unfollowed, 'opaque').replaceAll(rowNames, name => {
    names.push(name);
    return `${withoutNumber(name)}~`;
  });
  return shapeOf(plain, names);
}

/** The same rows are known on many paths: what is known of them is read once. */
function shapeOfPredicate(predicate: Predicate): Shape {
  return shapeNotes.of(predicate) ?? shapeNotes.keep(predicate, readShape(predicateText(predicate)));
}

function shapesOf(fact: Fact): readonly Shape[] {
  const { holds, weakness = '' } = fact;
  if (holds.kind === 'row')
    return [readShape(`row ${holds.row.name}:${holds.row.table}!${weakness}`), shapeOfPredicate(holds.row.where)];
  return holds.kind === 'condition'
    ? [readShape(`if !${weakness}`), shapeOfPredicate(holds.condition)]
    : [readShape(factKey(fact))];
}

/** A text that is equal for facts that say the same of rows, whatever these are called. */
export function factsShape(facts: readonly Fact[]): string {
  return shapesText(facts.flatMap(shapesOf));
}

/** A short text for a long one. */
export function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
