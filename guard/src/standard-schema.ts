/**
 * The part of Standard Schema that the guard uses (https://standardschema.dev, version 1), written out so that it needs
 * no package: Zod, Valibot, ArkType and others have it.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What a schema answers. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing that a schema has against a value. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What goes into a schema. */
export type SchemaInput<Schema> = Schema extends StandardSchema<infer Input, unknown> ? Input : undefined;

/** What comes out of a schema. */
export type SchemaOutput<Schema> = Schema extends StandardSchema<unknown, infer Output> ? Output : undefined;

/** What is wrong with an input, without any of the values that were sent. */
export interface InputIssue {
  readonly path: string;
  readonly message: string;
}

/** Whether something is a schema; libraries make objects and functions of them. */
export function isSchema(value: unknown): value is StandardSchema {
  return ((typeof value === 'object' && value !== null) || typeof value === 'function') && '~standard' in value;
}

/** Issues as a caller may see them. Some libraries repeat the value in the message; then only the place is told. */
export function publicIssues(issues: readonly SchemaIssue[], input: unknown): readonly InputIssue[] {
  return issues.slice(0, mostIssues).map(issue => {
    const keys = (issue.path ?? []).map(part => (typeof part === 'object' ? part.key : part));
    const repeats = repeated(issue.message, valueAt(input, keys));
    return { path: keys.map(String).join('.'), message: repeats ? 'This value is not valid.' : issue.message };
  });
}

/** More than these help nobody. */
const mostIssues = 20;

function valueAt(input: unknown, keys: readonly PropertyKey[]): unknown {
  let here: unknown = input;
  for (const key of keys) here = typeof here === 'object' && here !== null ? Reflect.get(here, key) : undefined;
  return here;
}

function repeated(message: string, value: unknown): boolean {
  const sent = sentTexts(value, 0);
  return sent.some(text => text !== '' && message.includes(text));
}

/** The texts in a value: its keys count too, for `Unrecognized key`. */
function sentTexts(value: unknown, depth: number): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return [String(value)];
  if (typeof value !== 'object' || value === null) return [];
  if (depth > 3) return [];
  return Object.entries(value)
    .slice(0, 100)
    .flatMap(([key, inner]) => [...(Array.isArray(value) ? [] : [key]), ...sentTexts(inner, depth + 1)]);
}
