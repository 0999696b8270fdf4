import type { Handler } from '../../machine.ts';
import { alternativesOf, choose, termOf } from '../../operations.ts';
import { provesOwner } from '../../proofs.ts';
import { constant, undefinedValue, type Value } from '../../value.ts';
import { library } from './principal.ts';

/** A library's comparison of a password with its hash; by the positions of both. */
function compares(password: number, hash: number, isAsync: boolean): Handler {
  return call => {
    const sent = termOf(call.arguments[password] ?? undefinedValue);
    const hashes = alternativesOf(call.arguments[hash] ?? undefinedValue);
    const test = choose(
      hashes.map(({ value, facts }) => {
        // A hash of nothing, compared so that the answer takes as long when there is no such user.
        if (value.kind === 'constant' && hashes.length > 1) return { value: constant(false), facts };
        const whenTrue = provesOwner(call.machine, call.frame, termOf(value), sent, call.at, true);
        return { value: { kind: 'test', whenTrue, whenFalse: [] } satisfies Value, facts };
      }),
    );
    return isAsync ? { kind: 'promise', value: test, facts: [] } : test;
  };
}

/** `verifyPassword({ password, hash })`. */
const comparesNamed: Handler = call => {
  const [given] = call.arguments;
  const field = (name: string): Value =>
    (given?.kind === 'object' ? given.fields.get(name) : undefined) ?? undefinedValue;
  return compares(0, 1, true)({ ...call, arguments: [field('password'), field('hash')] });
};

const bcrypt = { compare: compares(0, 1, true), compareSync: compares(0, 1, false), verify: compares(0, 1, true) };
const argon = { verify: compares(1, 0, true), verifySync: compares(1, 0, false) };

/** What compares a password with the hash that a row keeps. */
export const passwordHandlers: Readonly<Record<string, Handler>> = {
  ...library(['bcrypt', 'bcryptjs', 'bcrypt-ts', '@node-rs/bcrypt'], bcrypt),
  ...library(['argon2', '@node-rs/argon2', 'hash-wasm'], argon),
  ...library(['oslo/password'], {
    'Argon2id.verify': compares(1, 0, true),
    'Scrypt.verify': compares(1, 0, true),
    'Bcrypt.verify': compares(1, 0, true),
  }),
  ...library(['better-auth/crypto'], { verifyPassword: comparesNamed }),
  '#Bun.password.verify': compares(0, 1, true),
};
