import { snakeCase } from '../core/names.ts';
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

/** Whether a term is, or is made with, a secret that the caller was given before: itself, a part of it or its hash. */
export function isProof(term: Term): boolean {
  if (term.kind === 'client') return proof.test(term.path);
  if (term.kind !== 'call') return false;
  return term.name === 'concat' ? term.arguments.some(isProof) : hashesProof(term) || isPartOf(term, isProof);
}

/** What takes a part out of a text: `header.slice(7)`, `header.replace('Bearer ', '')`, `header.split(' ')[1]`. */
const cutting: ReadonlySet<string> = new Set(
  'replace replaceAll slice substring substr split trim trimStart trimEnd match exec pop shift at toString String normalize decodeURIComponent one-of []'.split(
    ' ',
  ),
);

/** Whether the call only takes a part of something that passes the test. */
function isPartOf(term: Extract<Term, { kind: 'call' }>, test: (term: Term) => boolean): boolean {
  const names = term.name.split('.').filter(name => name !== '' && !/^\d+$/.test(name));
  const parts = term.arguments.filter(part => part.kind !== 'constant');
  return names.every(name => cutting.has(name)) && parts.length > 0 && parts.every(test);
}

/** Where a program sends the key that it was given, by convention. */
const keySent =
  /^header\.(?:authorization|x-(?:[\w-]+-)?(?:key|token|secret|auth)|(?:api|access|auth)-?(?:key|token))$|^(?:query|body)\.(?:api_?key|access_?token)$/i;
/** Columns that hold such a key as it is; one that is public says who somebody is to be taken for, and proves nothing. */
const keyKept = /(?:^|_)(?:api_?)?(?:key|token|secret)$/;
const keyShown =
  /hash|digest|publi|client|site|write|embed|widget|ingest|anon|idempoten|cache|object|storage|sort|foreign|parent/;

/** Whether a term is a key that the caller sent where programs send their keys. */
export function isSentKey(term: Term): boolean {
  if (term.kind === 'client') return keySent.test(term.path);
  return term.kind === 'call' && isPartOf(term, isSentKey);
}

function keepsKey(name: string): boolean {
  const plain = snakeCase(name);
  return keyKept.test(plain) && !keyShown.test(plain);
}

function hashesProof(term: Term): boolean {
  return isHashOfSent(term) || (term.kind === 'call' && term.arguments.length > 0 && term.arguments.every(isProof));
}

/**
 * Whether a column that equals the key that the caller sent, or the hash of what they sent, makes the row a credential: who
 * sent the secret is known by it.
 */
export function isCredential(column: Term, value: Term): boolean {
  if (column.kind !== 'column') return false;
  return (isHashOfSent(value) && !ofPublicData.test(column.column)) || (isSentKey(value) && keepsKey(column.column));
}

/** Whether the condition can only hold when a row was found by a secret that the caller sent, or by its hash. */
export function provesCredential(predicate: Predicate): boolean {
  return provingNotes.of(predicate) ?? provingNotes.keep(predicate, proves(predicate));
}

const provingNotes = makeNotes<boolean>();

function proves(predicate: Predicate): boolean {
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

/** Whether a row was found by a secret that the caller sent, or by its hash. */
export function isFoundByCredential(row: RowVariable): boolean {
  return provesCredential(row.where);
}
