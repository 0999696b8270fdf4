/** The same function, but that what it finds of an object is found once and kept as long as the object is. */
export function once<K extends object, V>(find: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, { readonly found: V }>();
  return key => {
    const { found } = known.get(key) ?? { found: find(key) };
    known.set(key, { found });
    return found;
  };
}
