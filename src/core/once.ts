/** The same function, but that what it finds of an object is found once and kept as long as the object is. */
export function once<K extends object, V>(find: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, { readonly found: V }>();
  return key => {
    const { found } = known.get(key) ?? { found: find(key) };
    known.set(key, { found });
    return found;
  };
}

/** The same for what is found of two objects together. */
export function onceForBoth<A extends object, B extends object, V>(
  find: (one: A, other: B) => V,
): (one: A, other: B) => V {
  const known = once((one: A) => once((other: B) => find(one, other)));
  return (one, other) => known(one)(other);
}
