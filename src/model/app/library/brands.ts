import type { Handler } from '../machine.ts';
import { undefinedValue } from '../value.ts';

/** A value that only gets another type: `UserId.make(id)`, where `UserId` is a branded schema. */
const same: Handler = call => call.arguments[0] ?? undefinedValue;

const plain = ['String', 'NonEmptyString', 'UUID', 'ULID', 'Number', 'Int', 'BigInt'];

/** Branded types of Effect: what is made of a value is the value. */
export const brandHandlers: Readonly<Record<string, Handler>> = Object.fromEntries(
  ['effect', '@effect/schema'].flatMap(library =>
    plain.map(type => [`${library}/*#Schema.${type}.pipe.make`, same] as const),
  ),
);
