import { isGuardError } from '../errors.ts';
import type { Scope } from '../scope.ts';
import { isSchema } from '../standard-schema.ts';
import { at } from '../property.ts';
import type { FilledArguments } from './arguments.ts';
import { withoutProperties } from './json-schema.ts';

/** `asSchema` of the AI SDK. */
export type AsSchema = (schema: never) => { readonly jsonSchema: unknown };

/** A schema as the model sees it, and as the tool declares it. */
export interface ToolSchema {
  readonly forModel: object;
  readonly declared: object;
}

/** The result of the AI SDK's validation. */
type Validated =
  | { readonly success: true; readonly value: unknown }
  | { readonly success: false; readonly error: Error };

/**
 * A schema of the AI SDK without what the scope fills in. Validation is the tool's own, with those arguments in it, so
 * that what it asks of them still holds.
 */
export function guardedSchema(
  tool: string,
  schema: unknown,
  filled: FilledArguments,
  scope: () => Scope,
  asSchema?: AsSchema,
): ToolSchema {
  const json = jsonSchemaOf(tool, schema, asSchema);
  const own = withoutProperties(json, name => filled.has(name));
  // Models that are held to a schema exactly want it closed; the AI SDK closes those of Zod too.
  const shown = { additionalProperties: false, properties: {}, ...Object(own) };
  const validate = async (input: unknown): Promise<Validated> => {
    try {
      filled.refuseSent(input);
      return await validated(schema, filled.fillBy(input, json, scope()), filled);
    } catch (error) {
      // What else is thrown may quote a row: the model reads it.
      return { success: false, error: isGuardError(error) ? error : new Error('The input was refused.') };
    }
  };
  return {
    forModel: { [schemaMark]: true, [validatorMark]: true, _type: undefined, jsonSchema: shown, validate },
    declared: json,
  };
}

/** How the AI SDK knows its own schemas: https://ai-sdk.dev/docs/reference/ai-sdk-core/json-schema */
const schemaMark = Symbol.for('vercel.ai.schema');
const validatorMark = Symbol.for('vercel.ai.validator');

async function validated(schema: unknown, input: unknown, filled: FilledArguments): Promise<Validated> {
  if (isSchema(schema)) {
    const result = await schema['~standard'].validate(input);
    if (result.issues === undefined) return { success: true, value: filled.without(result.value) };
    return { success: false, error: new Error(result.issues.map(issue => issue.message).join('; ')) };
  }
  const validate = at(schema, 'validate');
  if (typeof validate !== 'function') return { success: true, value: filled.without(input) };
  const result: unknown = await Reflect.apply(validate, schema, [input]);
  if (at(result, 'success') === true) return { success: true, value: filled.without(at(result, 'value')) };
  return { success: false, error: new Error('The input is not what the tool declares.') };
}

/** The JSON Schema that a schema says by itself, if it does: https://standardschema.dev/json-schema */
export function ownJsonSchema(schema: unknown): unknown {
  const convert = at(isSchema(schema) ? schema['~standard'] : undefined, 'jsonSchema', 'input');
  return typeof convert === 'function' ? (convert as (options: object) => unknown)({ target: 'draft-07' }) : undefined;
}

function jsonSchemaOf(tool: string, schema: unknown, asSchema: AsSchema | undefined): object {
  const json = ownJsonSchema(schema) ?? at(schema, 'jsonSchema') ?? asSchema?.(schema as never).jsonSchema;
  if (typeof json === 'object' && json !== null && at(json, 'type') === 'object') return json;
  throw new TypeError(
    `What the tool '${tool}' takes cannot be read as an object of JSON Schema. Give guardTools 'asSchema' of 'ai', or declare an object.`,
  );
}
