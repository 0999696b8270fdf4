import type { EntryPoint } from '../../../core/path.ts';
import type { Predicate, Term } from '../../../core/predicate.ts';
import type { AppEvent, CallEvent, ObserveInput } from '../events.ts';
import type { Fact, Observation, QueryPath } from '../types.ts';
import { atoms, fieldOf, termsIn, type Value } from '../value.ts';
import { byEntry } from './by-entry.ts';
import { termsOf } from './predicates.ts';

type Webhook = Extract<Observation, { kind: 'webhook' }>;
type TenantBy = Webhook['tenantBy'][number];

/** Whether everybody who sets a key of a session's metadata takes its value from what the server knows. */
type Vouched = (key: string) => boolean;

/** Entry points that a service calls with events: whether the event is verified, taken once, and tied to a tenant by what was stored. */
export function observeWebhooks(input: ObserveInput): readonly Webhook[] {
  const [events, queries] = [byEntry(input.events), byEntry(input.queries)];
  const isVouchedFor = vouchedKeys(input);
  return input.entryPoints
    .filter(entry => entry.kind === 'webhook' && !isForPeople(queries(entry.name)))
    .map(entry => {
      const paths = queries(entry.name);
      const writes = paths.filter(path => path.query.operation !== 'read');
      return {
        kind: 'webhook',
        place: { file: entry.file, line: entry.line },
        entryPoint: entry.name,
        provider: providerOf(entry, events(entry.name)),
        verified: isVerified(paths, events(entry.name)),
        idempotent: writes.every(isRepeatable) || writes.some(recordsEvent) || events(entry.name).some(isLedger),
        writes: writes.length > 0,
        tenantBy: paths.flatMap(path => tenantBy(path, isVouchedFor)),
      } as const;
    });
}

/** Where people keep their own webhooks (`/api/webhooks`): whoever changes a row there was asked who they are. */
function isForPeople(paths: readonly QueryPath[]): boolean {
  const writes = paths.filter(path => path.query.operation !== 'read');
  const isKnown = ({ holds, weakness }: Fact): boolean =>
    weakness === undefined && (holds.kind === 'signed-in' || holds.kind === 'member' || holds.kind === 'role');
  return writes.length > 0 && writes.every(path => path.facts.some(isKnown));
}

function providerOf(entry: EntryPoint, events: readonly AppEvent[]): string {
  const stripe = events.some(event => event.kind === 'call' && event.library === 'stripe');
  return stripe || /stripe/i.test(entry.name) ? 'stripe' : 'other';
}

/** Every query runs after the signature was checked; a webhook without queries is judged by its other calls. */
function isVerified(paths: readonly QueryPath[], events: readonly AppEvent[]): boolean {
  const isStrong = (fact: Fact): boolean => fact.holds.kind === 'system' && fact.weakness === undefined;
  if (paths.length > 0) return paths.every(path => path.facts.some(isStrong));
  return events.some(event => event.facts.some(isStrong));
}

/** The guard's webhook writes each event down in the transaction of its effect. */
function isLedger(event: AppEvent): boolean {
  return event.kind === 'call' && event.library === '@drydock/guard' && event.callee === 'stripeWebhook';
}

/** The event's own id is written to a table of events. */
function recordsEvent(path: QueryPath): boolean {
  return path.query.operation === 'insert' && path.query.values.some(({ value }) => atoms(value).some(isEventId));
}

function isEventId(term: Term): boolean {
  return term.kind === 'event' && /^(event\.)?id$/.test(term.path);
}

/** Running it twice leaves the same rows: it sets values that do not depend on what was there. */
export function isRepeatable({ query }: QueryPath): boolean {
  if (query.operation === 'read' || query.operation === 'delete') return true;
  return (
    query.operation === 'update' &&
    query.values.every(({ value }) => atoms(value).every(term => term.kind !== 'column'))
  );
}

/** By what of the event the query finds its row. */
function tenantBy(path: QueryPath, isVouchedFor: Vouched): readonly TenantBy[] {
  const compared = ownComparisons(path.query.where, new Set(['self']));
  // Within what a row that was stored names, the event only picks one of several.
  if (path.query.operation !== 'insert' && compared.some(({ kind }) => kind === 'column')) return [];
  const written =
    path.query.operation === 'insert'
      ? path.query.values
          .flatMap(({ value }) => atoms(value))
          .filter(term => term.kind === 'event' && isMetadata(term.path))
      : [];
  const found = [...compared.flatMap(atoms), ...written].flatMap(term =>
    term.kind === 'event' ? [howFound(term.path, isVouchedFor)] : [],
  );
  return [...new Set(found)].map(by => ({ by, place: path.place, table: path.query.table }));
}

/** What columns of the row, and of rows that it is joined to, are compared with; rows that were looked up before are not its own. */
function ownComparisons(where: Predicate, own: ReadonlySet<string>): readonly Term[] {
  switch (where.kind) {
    case 'compare': {
      const sides: readonly (readonly [Term, Term])[] = [
        [where.left, where.right],
        [where.right, where.left],
      ];
      return sides.flatMap(([column, other]) =>
        column.kind === 'column' && own.has(column.row) && !(other.kind === 'column' && own.has(other.row))
          ? [other]
          : [],
      );
    }
    case 'and':
    case 'or':
      return where.operands.flatMap(operand => ownComparisons(operand, own));
    case 'not':
    case 'maybe-absent':
      return ownComparisons(where.operand, own);
    case 'exists': {
      const isJoined = termsOf(where.row.where).some(term => term.kind === 'column' && own.has(term.row));
      return isJoined ? ownComparisons(where.row.where, new Set([...own, where.row.name])) : [];
    }
    default:
      return [];
  }
}

function howFound(path: string, isVouchedFor: Vouched): TenantBy['by'] {
  const last = path.slice(path.lastIndexOf('.') + 1);
  if (/(^|_)email$/i.test(last)) return 'email';
  if (isMetadata(path)) return isVouchedFor(last) ? 'other' : 'metadata';
  return /(^|\.)customer(\.id)?$/.test(path) ? 'customer' : 'other';
}

function isMetadata(path: string): boolean {
  return /(^|\.)(metadata\.\w+|client_reference_id)$/.test(path);
}

/** Whoever creates the session sets the key from what the server knows, everywhere in the app. */
function vouchedKeys({ events }: ObserveInput): Vouched {
  const known = new Map<string, boolean>();
  let setters: readonly Value[] | undefined;
  return key => {
    const answer = known.get(key);
    if (answer !== undefined) return answer;
    setters ??= [...new Set(events.flatMap(event => (event.kind === 'call' ? parametersOf(event) : [])))];
    const values = setters.flatMap(parameters => metadataOf(parameters, key));
    const found =
      values.length > 0 &&
      values.every(value =>
        termsIn(value).every(term => term.kind !== 'client' && term.kind !== 'tool-argument' && term.kind !== 'opaque'),
      );
    known.set(key, found);
    return found;
  };
}

/** What a call that creates or changes something of the service is given. */
function parametersOf(event: CallEvent): readonly Value[] {
  const [parameters] = event.arguments;
  return parameters === undefined || !/\.(create|update)$/.test(event.callee) ? [] : [parameters];
}

function metadataOf(parameters: Value, key: string): readonly Value[] {
  if (key === 'client_reference_id') return [fieldOf(parameters, key)].filter(isPresent);
  const holders = ['subscription_data', 'payment_intent_data', 'setup_intent_data'].map(name =>
    fieldOf(parameters, name),
  );
  return [parameters, ...holders].filter(isPresent).flatMap(holder => {
    const metadata = fieldOf(holder, 'metadata');
    if (metadata === undefined) return [];
    const value = fieldOf(metadata, key);
    // Metadata that the caller sent whole may hold any key.
    return value === undefined ? (metadata.kind === 'term' ? [metadata] : []) : [value];
  });
}

function isPresent<T>(value: T | undefined): value is T {
  return value !== undefined;
}
