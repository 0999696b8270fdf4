import type { Value } from '../value.ts';

/** What `$extends` was given, the first first. */
export type Extensions = readonly Value[];

/** A function that a query passes through before it runs, and the extensions that are left for after it. */
export interface Interceptor {
  readonly run: Value;
  readonly rest: Extensions;
}

/**
 * The outermost query extension for an operation of a model; the names of models are those of the client (`invoice`).
 * https://www.prisma.io/docs/orm/prisma-client/client-extensions/query
 */
export function interceptorOf(extensions: Extensions, model: string, operation: string): Interceptor | undefined {
  for (let index = extensions.length - 1; index >= 0; index -= 1) {
    const query = fieldOf(extensions[index], 'query');
    const run =
      functionIn(fieldOf(query, model), operation) ??
      functionIn(fieldOf(query, model), '$allOperations') ??
      functionIn(fieldOf(query, '$allModels'), operation) ??
      functionIn(fieldOf(query, '$allModels'), '$allOperations') ??
      functionIn(query, '$allOperations');
    if (run !== undefined) return { run, rest: extensions.slice(0, index) };
  }
  return undefined;
}

/** A method or field that an extension adds to the client itself. */
export function clientExtension(extensions: Extensions, name: string): Value | undefined {
  return firstFound(extensions, extension => fieldOf(fieldOf(extension, 'client'), name));
}

/** A method that an extension adds to a model, or to all of them. */
export function modelExtension(extensions: Extensions, model: string, name: string): Value | undefined {
  return firstFound(extensions, extension => {
    const models = fieldOf(extension, 'model');
    return fieldOf(fieldOf(models, model), name) ?? fieldOf(fieldOf(models, '$allModels'), name);
  });
}

function firstFound(extensions: Extensions, read: (extension: Value) => Value | undefined): Value | undefined {
  for (const extension of extensions.toReversed()) {
    const found = read(extension);
    if (found !== undefined) return found;
  }
  return undefined;
}

function functionIn(value: Value | undefined, name: string): Value | undefined {
  const found = fieldOf(value, name);
  return found?.kind === 'function' ? found : undefined;
}

function fieldOf(value: Value | undefined, name: string): Value | undefined {
  if (value?.kind !== 'object') return undefined;
  const own = value.fields.get(name);
  if (own !== undefined) return own;
  for (const part of value.spread.toReversed()) {
    const inner = fieldOf(part, name);
    if (inner !== undefined) return inner;
  }
  return undefined;
}
