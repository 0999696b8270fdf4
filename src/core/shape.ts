/** A text without the names in it, under a short name of its own, and the names that were taken out, in order. */
export interface Shape {
  readonly key: string;
  readonly names: readonly string[];
}

const keys = new Map<string, string>();

/** The shape of a text from which the names were taken. */
export function shapeOf(text: string, names: readonly string[]): Shape {
  const key = keys.get(text) ?? keys.size.toString(36);
  keys.set(text, key);
  return { key, names };
}

/** A short text that is equal for shapes that are equal whatever the names in them are, within one process. */
export function shapesText(shapes: readonly Shape[]): string {
  const numbers = new Map<string, number>();
  let whole = '';
  for (const { key, names } of shapes) {
    whole += key;
    for (const name of names) {
      const number = numbers.get(name) ?? numbers.size;
      numbers.set(name, number);
      whole += `,${number}`;
    }
    whole += ';';
  }
  return whole;
}
