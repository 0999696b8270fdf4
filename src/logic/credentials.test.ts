import { describe, expect, test } from 'vitest';

import { and, equals, or } from '../core/predicate.ts';
import type { Predicate, RowVariable, Term } from '../core/predicate.ts';
import { isFoundByCredential, provesCredential } from './credentials.ts';

const sent: Term = { kind: 'client', path: 'header.authorization' };
const sha256 = (term: Term): Term => ({ kind: 'call', name: 'createHash.update.digest', arguments: [term] });
const keyWith = (column: string, value: Term): RowVariable => ({
  name: 'key',
  table: 'api_key',
  where: equals({ kind: 'column', row: 'key', column }, value),
});
const found = (row: RowVariable): Predicate => ({ kind: 'exists', row });

describe('a row found by the hash of what the caller sent', () => {
  test('is a credential', () => {
    expect(isFoundByCredential(keyWith('hashed_key', sha256(sent)))).toBe(true);
  });

  test('is none when the hash is of an address, which anybody knows', () => {
    expect(isFoundByCredential(keyWith('email_hash', sha256(sent)))).toBe(false);
  });

  test('is none when what was sent is compared as it is, or only changed in case', () => {
    expect(isFoundByCredential(keyWith('hashed_key', sent))).toBe(false);
    expect(isFoundByCredential(keyWith('slug', { kind: 'call', name: 'toLowerCase', arguments: [sent] }))).toBe(false);
  });

  test('is none when the hash is of something that the server knew', () => {
    expect(isFoundByCredential(keyWith('hashed_key', sha256({ kind: 'environment', name: 'KEY' })))).toBe(false);
  });

  test('is a credential when each of two formats of key is looked up by its hash', () => {
    const old = found(keyWith('hashed_key', sha256(sent)));
    const current = found(keyWith('lookup_hash', sha256({ kind: 'call', name: 'slice', arguments: [sent] })));
    expect(provesCredential(or([and([old, equals(sent, sent)]), current]))).toBe(true);
  });

  test('is none when one of two ways looks the row up by its id', () => {
    expect(provesCredential(or([found(keyWith('hashed_key', sha256(sent))), found(keyWith('id', sent))]))).toBe(false);
  });

  test('is a credential when the key of the header stands in the table as it is', () => {
    const bare: Term = { kind: 'call', name: 'replace', arguments: [sent, { kind: 'constant', value: 'Bearer ' }] };
    expect(isFoundByCredential(keyWith('api_key', sent))).toBe(true);
    expect(isFoundByCredential(keyWith('token', bare))).toBe(true);
  });

  test('is none when the header names a row by what is no secret', () => {
    expect(isFoundByCredential(keyWith('id', sent))).toBe(false);
    expect(isFoundByCredential(keyWith('token_prefix', sent))).toBe(false);
    expect(isFoundByCredential(keyWith('api_key_id', sent))).toBe(false);
  });
});
