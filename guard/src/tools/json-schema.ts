import { at } from '../property.ts';

/** Deeper than this nothing is looked into: what a schema or a model nests so far is refused or left out. */
export const deepest = 40;

/** A JSON Schema without the properties of those names, however deep inside. */
export function withoutProperties(schema: unknown, has: (name: string) => boolean, depth = 0): unknown {
  if (typeof schema !== 'object' || schema === null || depth > deepest) return schema;
  if (Array.isArray(schema)) return schema.map((item: unknown) => withoutProperties(item, has, depth + 1));
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]: [string, unknown]) => {
      if (data.has(keyword)) return [keyword, value];
      if (keyword === 'required' && Array.isArray(value)) return [keyword, value.filter(name => !has(String(name)))];
      if (keyword !== 'properties' || typeof value !== 'object' || value === null)
        return [keyword, withoutProperties(value, has, depth + 1)];
      const kept = Object.entries(value).filter(([name]) => !has(name));
      return [
        keyword,
        Object.fromEntries(kept.map(([name, inner]) => [name, withoutProperties(inner, has, depth + 1)])),
      ];
    }),
  );
}

/** Keywords whose values are no schemas. */
const data: ReadonlySet<string> = new Set(['const', 'default', 'enum', 'examples', 'description', 'title']);

/** Whether a schema has a property of one of those names, however deep inside. */
export function names(schema: unknown, has: (name: string) => boolean): boolean {
  return JSON.stringify(withoutProperties(schema, has)) !== JSON.stringify(withoutProperties(schema, () => false));
}

/** What stands for the names that a schema declares; `undefined` where it is none of them. */
export type ValueOf = (name: string) => unknown;

/**
 * A value with what the names stand for, at each place where its schema declares them. Of alternatives those are taken that
 * the value can be of by their constants.
 */
export function filledBy(schema: unknown, given: unknown, valueOf: ValueOf): unknown {
  return filledAt({ root: schema, valueOf }, schema, given, 0);
}

interface Filling {
  readonly root: unknown;
  readonly valueOf: ValueOf;
}

function filledAt(filling: Filling, schema: unknown, given: unknown, depth: number): unknown {
  if (typeof given !== 'object' || given === null || depth > deepest) return given;
  const inner = (part: unknown, value: unknown): unknown => filledAt(filling, part, value, depth + 1);
  const reference = at(schema, '$ref');
  const start = typeof reference === 'string' ? inner(referred(filling.root, reference), given) : given;
  const branched = ['allOf', 'anyOf', 'oneOf']
    .flatMap(keyword => listAt(schema, keyword))
    .filter(branch => mayBe(branch, start))
    .reduce((value, branch) => inner(branch, value), start);
  if (Array.isArray(branched)) return branched.map((item, index) => inner(itemSchema(schema, index), item));
  return withProperties(filling, schema, branched, inner);
}

function withProperties(
  { valueOf }: Filling,
  schema: unknown,
  given: unknown,
  inner: (part: unknown, value: unknown) => unknown,
): unknown {
  const properties = Object(at(schema, 'properties')) as Readonly<Record<string, unknown>>;
  const others = at(schema, 'additionalProperties');
  const kept = Object.entries(Object(given)).map(([name, value]: [string, unknown]) => [
    name,
    inner(Object.hasOwn(properties, name) ? properties[name] : others, value),
  ]);
  const filled = Object.keys(properties).flatMap(name => {
    const value = valueOf(name);
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries([...kept, ...filled]);
}

/** `#/$defs/filter`; what lies elsewhere is not followed. */
function referred(root: unknown, reference: string): unknown {
  if (!reference.startsWith('#')) return undefined;
  const steps = reference.slice(1).split('/').filter(Boolean);
  return at(root, ...steps.map(step => decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')));
}

function itemSchema(schema: unknown, index: number): unknown {
  const items = at(schema, 'items');
  return listAt(schema, 'prefixItems')[index] ?? (Array.isArray(items) ? (items[index] as unknown) : items);
}

function listAt(schema: unknown, keyword: string): readonly unknown[] {
  const list = at(schema, keyword);
  return Array.isArray(list) ? list : [];
}

function mayBe(branch: unknown, value: unknown): boolean {
  return Object.entries(Object(at(branch, 'properties'))).every(([name, property]) => {
    const constant = at(property, 'const');
    return constant === undefined || at(value, name) === constant;
  });
}
