import { makeNotes } from '../core/notes.ts';
import type { Predicate, RowVariable, Term } from '../core/predicate.ts';

const hashing = /hash|digest|hmac|sha\d|bcrypt|scrypt|argon|pbkdf/i;
/** Hashes that anybody can compute: of an address, a file or a text that is no secret. */
const ofPublicData =
  /mail|phone|(^|_)ip(_|$)|ipaddress|address|content|file|image|block|commit|etag|checksum|url|slug|name|fingerprint/i;

/** Whether a term is the hash of something that the caller sent. */
export function isHashOfSent(term: Term): boolean {
  if (term.kind !== 'call') return false;
  return hashNotes.of(term) ?? hashNotes.keep(term, sent(term) && hashing.test(namesIn(term)));
}

const hashNotes = makeNotes<boolean>();

function namesIn(term: Term): string {
  return term.kind === 'call' ? `${term.name} ${term.arguments.map(namesIn).join(' ')}` : '';
}

function sent(term: Term): boolean {
  return term.kind === 'client' || (term.kind === 'call' && term.arguments.some(sent));
}

/** What a caller sends as proof: a cookie, a token, a code that was sent to them. */
const proof =
  /^(?:cookie|token)(?:$|\.)|(?:token|secret|passcode|otp)$|(?:^|\.)(?:verification_?)?code$|^header\.authorization$/i;

/** Whether a term is, or is made with, a secret that the caller was given before: itself or its hash. */
export function isProof(term: Term): boolean {
  if (term.kind === 'client') return proof.test(term.path);
  return term.kind === 'call' && (term.name === 'concat' ? term.arguments.some(isProof) : hashesProof(term));
}

function hashesProof(term: Term): boolean {
  return isHashOfSent(term) || (term.kind === 'call' && term.arguments.length > 0 && term.arguments.every(isProof));
}

/** Whether a column that equals the hash of what the caller sent makes the row a credential: who sent the secret is known by it. */
export function isCredential(column: Term, value: Term): boolean {
  return column.kind === 'column' && isHashOfSent(value) && !ofPublicData.test(column.column);
}

/** Whether the condition can only hold when a row was found by the hash of a secret that the caller sent. */
export function provesCredential(predicate: Predicate): boolean {
  switch (predicate.kind) {
    case 'compare':
      return (
        predicate.operator === '=' &&
        (isCredential(predicate.left, predicate.right) || isCredential(predicate.right, predicate.left))
      );
    case 'and':
      return predicate.operands.some(provesCredential);
    case 'or':
      return predicate.operands.length > 0 && predicate.operands.every(provesCredential);
    case 'exists':
      return isFoundByCredential(predicate.row);
    default:
      return false;
  }
}

/** Whether a row was found by the hash of a secret that the caller sent. */
export function isFoundByCredential(row: RowVariable): boolean {
  return provesCredential(row.where);
}
