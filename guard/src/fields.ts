/**
 * What may leave: names of properties. A name alone lets text, numbers, dates and lists of those leave; what has
 * properties itself is declared inside (`{ lines: ['id', 'price'] }`), or leaves whole by name (`{ settings: '*' }`).
 */
export type Fields = readonly (string | { readonly [name: string]: Fields | '*' })[];

/** The type of what is left of a value. */
export type Kept<Value, Declared> = Value extends readonly (infer Item)[]
  ? readonly Kept<Item, Declared>[]
  : Value extends object
    ? {
        readonly [Name in keyof Value as Name extends NamesOf<Declared> ? Name : never]: KeptInner<
          Value,
          Declared,
          Name
        >;
      }
    : Value extends null | undefined
      ? Value
      : undefined;

type OneOf<Declared> = Declared extends readonly (infer One)[] ? One : never;
type NamesOf<Declared> = OneOf<Declared> extends infer One ? (One extends string ? One : keyof One) : never;
type KeptInner<Value, Declared, Name extends keyof Value> =
  Extract<OneOf<Declared>, { readonly [Key in Name]: unknown }> extends { readonly [Key in Name]: infer Inner }
    ? Inner extends readonly unknown[]
      ? Kept<Value[Name], Inner>
      : Value[Name]
    : Value[Name];

/**
 * The declared part of a value, for an object and for each of a list. Everything else stays.
 *
 * @example
 * const safe = narrow(rows, ['id', 'number', { lines: ['price'] }]);
 */
export function narrow<Value, const Declared extends Fields>(value: Value, fields: Declared): Kept<Value, Declared> {
  return narrowed(value, compile(fields)) as Kept<Value, Declared>;
}

type Declared = readonly (readonly [name: string, kind: Declared | '*' | 'plain'])[];

const compiled = new WeakMap<Fields, Declared>();

function compile(fields: Fields): Declared {
  const known = compiled.get(fields);
  if (known !== undefined) return known;
  const named = new Map<string, Declared | '*' | 'plain'>();
  for (const field of fields) {
    if (typeof field === 'string') named.set(field, 'plain');
    else for (const [name, inner] of Object.entries(field)) named.set(name, inner === '*' ? '*' : compile(inner));
  }
  const declared = [...named];
  compiled.set(fields, declared);
  return declared;
}

function narrowed(given: unknown, declared: Declared): unknown {
  const value = asJson(given);
  if (value === null || value === undefined) return value;
  if (Array.isArray(value)) return value.map(item => narrowed(item, declared) ?? null);
  // Text where an object was declared is not what was declared: it does not leave.
  if (typeof value !== 'object') return undefined;
  const left: Record<string, unknown> = {};
  for (const [name, kind] of declared) {
    if (!Object.hasOwn(value, name)) continue;
    const inner: unknown = Reflect.get(value, name);
    const kept = kind === '*' ? inner : kind === 'plain' ? plain(inner) : narrowed(inner, kind);
    if (kept === undefined) continue;
    // Assigned, that name would change what the object inherits.
    if (name === '__proto__') Object.defineProperty(left, name, { value: kept, enumerable: true });
    else left[name] = kept;
  }
  return left;
}

function plain(given: unknown): unknown {
  if (typeof given !== 'object' && typeof given !== 'function') return given;
  if (given instanceof Date) return given;
  const value = asJson(given);
  if (Array.isArray(value)) {
    const items = value.map(item => plain(item));
    return items.includes(undefined) ? undefined : items;
  }
  return (typeof value === 'object' && value !== null) || typeof value === 'function' ? undefined : value;
}

/** Decimals and documents of ORMs say by `toJSON` what they are outside. */
export function asJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('toJSON' in value)) return value;
  return typeof value.toJSON === 'function' ? (value.toJSON() as unknown) : value;
}
