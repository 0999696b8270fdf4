import { equals, type Term } from '../../core/predicate.ts';
import { conditionFact } from './facts.ts';
import { callTerm } from './keys.ts';
import type { Frame, Machine } from './machine.ts';
import type { Fact } from './types.ts';
import { atoms } from './value.ts';

/** Variables that only the server and those it told know; an address or a mode is none. */
const secretName = /SECRET|KEY|TOKEN|PASSWORD|PASSWD|SIGN|HMAC|CREDENTIAL|BEARER/i;

/** Columns whose value only the owner of the row was told. */
const secretColumn =
  /(^|_)(?:hashed|encrypted|secret)[a-z_]*$|(^|_)(pass|password|passwd|passcode|passphrase|pin|otp|totp|token|secret|hash|hashed|digest|api_?key|access_key|recovery_code|verification_code|reset_code|backup_code)(_|$)|(password|token|secret|hash|digest|apikey)$/i;

/** A comparison succeeded: what its sides then say about whoever sent one of them. */
export function secretFacts(machine: Machine, frame: Frame, left: Term, right: Term, at: number): readonly Fact[] {
  return [...serverSecret(machine, frame, left, right, at), ...ownSecret(machine, frame, left, right, at)];
}

/** Whoever sends a value that equals a secret of the environment knows the secret. */
function serverSecret(machine: Machine, frame: Frame, left: Term, right: Term, at: number): readonly Fact[] {
  const hasSecret = (term: Term): boolean =>
    madeOf(term).some(
      atom => atom.kind === 'environment' && !atom.name.startsWith('NEXT_PUBLIC_') && secretName.test(atom.name),
    );
  const fromClient = (term: Term): boolean => atoms(term).some(atom => atom.kind === 'client') && !hasSecret(term);
  const [secret, sent] = hasSecret(left) ? [left, right] : [right, left];
  if (!hasSecret(secret) || !fromClient(sent)) return [];
  const place = machine.place(frame, at);
  // A cookie that the server signed comes back from whoever was signed in: a user, not the system.
  const isCookie = (term: Term): boolean =>
    atoms(term).some(atom => atom.kind === 'client' && atom.path.split('.')[0] === 'cookie');
  if (isCookie(secret) && isCookie(sent))
    return [{ holds: { kind: 'signed-in' }, place, label: 'the signature of a cookie was verified' }];
  return [{ holds: { kind: 'system' }, place, label: 'a secret of the server was presented' }];
}

/** What a value was made of; a name by which a field was chosen (`headers[process.env.SIGNATURE_HEADER]`) is no part of it. */
function madeOf(term: Term): readonly Term[] {
  if (term.kind !== 'call') return [term];
  return (term.name === 'at' ? term.arguments.slice(0, 1) : term.arguments).flatMap(madeOf);
}

/** Who sends what a secret column of a row holds, or what it is the hash of, is whom the row is about. */
function ownSecret(machine: Machine, frame: Frame, left: Term, right: Term, at: number): readonly Fact[] {
  for (const [kept, sent] of [
    [left, right],
    [right, left],
  ] as const) {
    const facts = provesOwner(machine, frame, kept, sent, at);
    if (facts.length > 0) return facts;
  }
  return [];
}

/**
 * The caller's `sent` was found to match `kept`, a secret column of one row. What a library for passwords compares is
 * one by that, whatever its name.
 */
export function provesOwner(
  machine: Machine,
  frame: Frame,
  kept: Term,
  sent: Term,
  at: number,
  isHash = false,
): readonly Fact[] {
  const columns = atoms(kept).filter(atom => atom.kind === 'column');
  const [column] = columns;
  if (column?.kind !== 'column' || columns.some(other => other.kind === 'column' && other.row !== column.row))
    return [];
  const secret = columns.find(atom => atom.kind === 'column' && (isHash || secretColumn.test(atom.column)));
  const fromClient = atoms(sent).some(atom => atom.kind === 'client');
  // A salt of the same row may go into what is compared; another row's secret may not.
  const foreign = atoms(sent).some(atom => atom.kind === 'column' && atom.row !== column.row);
  if (secret === undefined || !fromClient || foreign) return [];
  const client = atoms(sent).filter(atom => atom.kind === 'client');
  const condition = equals(secret, callTerm('verified-secret', client));
  return [conditionFact(condition, machine.place(frame, at), `a secret of the row was presented`)];
}
