/**
 * A value that the whole process shares, however many copies of this package a bundler makes: what one copy opened must
 * be seen by another. The name ends with the version of the value's shape.
 */
export function processWide<T>(name: string, make: () => T): T {
  const key = Symbol.for(`@drydock/guard/${name}`);
  const known: unknown = Reflect.get(globalThis, key);
  if (known !== undefined) return known as T;
  const made = make();
  Reflect.set(globalThis, key, made);
  return made;
}
