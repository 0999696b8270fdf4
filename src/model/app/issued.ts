import type { Term } from '../../core/predicate.ts';
import type { AppEvent } from './events.ts';
import { termKey } from './keys.ts';
import { termOf } from './operations.ts';
import type { Query } from './types.ts';
import { makeNotes } from '../../core/notes.ts';
import { atoms, fieldOf, partsOf, termsIn, type Value } from './value.ts';

/** Names of functions whose result nobody can guess. */
const random = /random|nanoid|uuid|cuid|createid|ulid|generateid|generate\w*(?:token|code|secret|key)/i;

/** Libraries that carry a message to an address: the secret in it reaches whoever owns the address. */
const letters =
  /mail|resend|postmark|sendgrid|ses\b|nodemailer|plunk|loops|sms|twilio|novu|knock|courier|render|crypto|hash|oslo|encod|buffer|console|log|sentry|date/i;

/** The parts of a term that nobody can guess. */
function randomParts(term: Term): readonly string[] {
  if (term.kind !== 'call') return [];
  const inner = term.arguments.flatMap(randomParts);
  return random.test(term.name) && !atoms(term).some(atom => atom.kind === 'client')
    ? [termKey(term), ...inner]
    : inner;
}

/** Columns to which a query writes a value that nobody can guess, and whether the caller is told it. */
export function issuedSecrets(values: Query['values'], told: ReadonlySet<string>): NonNullable<Query['issued']> {
  return values.flatMap(({ column, value }) => {
    const parts = randomParts(value);
    return parts.length === 0 ? [] : [{ column, told: parts.some(part => told.has(part)) }];
  });
}

/** Unguessable values that leave towards the caller, or to where nobody followed them. */
export function toldIn(event: AppEvent): readonly string[] {
  switch (event.kind) {
    case 'return':
      return secretsIn(event.value);
    case 'client-props':
      return secretsIn(event.props);
    case 'call':
      return letters.test(`${event.library ?? ''} ${event.callee}`) ? [] : event.arguments.flatMap(secretsIn);
    default:
      return [];
  }
}

const mailers = /mail|resend|postmark|sendgrid|client-ses|plunk|loops/i;

/** A letter to an address that the caller did not choose: what it says does not reach the caller. */
export function isLetterToKnown(event: Extract<AppEvent, { kind: 'call' }>): boolean {
  if (!mailers.test(event.library ?? '')) return false;
  const addresses = event.arguments.flatMap(argument => {
    const to = fieldOf(argument, 'to') ?? fieldOf(argument, 'To');
    return to === undefined ? [] : [to];
  });
  return (
    addresses.length > 0 &&
    addresses.every(to =>
      termsIn(to).every(term => term.kind === 'column' || term.kind === 'principal' || term.kind === 'constant'),
    )
  );
}

function secretsIn(value: Value): readonly string[] {
  return secretNotes.of(value) ?? secretNotes.keep(value, findSecrets(value));
}

const secretNotes = makeNotes<readonly string[]>();
const none: readonly string[] = [];

function findSecrets(value: Value): readonly string[] {
  const own = value.kind === 'term' || value.kind === 'external' ? randomParts(termOf(value)) : none;
  const inner = partsOf(value).map(part => secretsIn(part.value));
  const found = new Set([...own, ...inner.flat()]);
  return found.size === 0 ? none : [...found];
}
