import type { Term } from '../../../core/predicate.ts';
import type { CallEvent, ObserveInput } from '../events.ts';
import type { Fact, Observation } from '../types.ts';
import { fieldOf, type Value } from '../value.ts';
import { comparisonsOf, conditionsOf, keyOf, termsOf } from './predicates.ts';

type ServiceCall = Extract<Observation, { kind: 'service-call' }>;

/** Calls of Stripe that act for one customer: the argument that names the customer or the customer's object. */
const customerCalls: readonly { readonly method: RegExp; readonly argument: string | 0 }[] = [
  {
    method:
      /\.(checkout\.sessions|billingPortal\.sessions|setupIntents|paymentIntents|subscriptions|invoices|invoiceItems|ephemeralKeys|customerSessions)\.create$/,
    argument: 'customer',
  },
  {
    method:
      /\.(invoices|subscriptions|charges|paymentIntents|paymentMethods|checkout\.sessions|setupIntents)\.(list|search)$/,
    argument: 'customer',
  },
  {
    method:
      /\.customers\.(retrieve|update|del|listPaymentMethods|createSource|listSources|listBalanceTransactions|createBalanceTransaction)$/,
    argument: 0,
  },
  {
    method:
      /\.(invoices|subscriptions|charges|paymentIntents|paymentMethods|checkout\.sessions)\.(retrieve|update|cancel|del|pay|attach|detach|finalizeInvoice|voidInvoice|sendInvoice)$/,
    argument: 0,
  },
  { method: /\.refunds\.create$/, argument: 'payment_intent' },
  { method: /\.refunds\.create$/, argument: 'charge' },
];

/** Calls to Stripe for a customer, with where the customer's id comes from. */
export function observeServiceCalls(input: ObserveInput): readonly ServiceCall[] {
  return input.events
    .filter(event => event.kind === 'call')
    .flatMap(event => {
      if (event.library !== undefined && event.library !== 'stripe') return [];
      if (event.entryPoint.kind === 'webhook' || event.entryPoint.kind === 'cron') return [];
      return customerCalls
        .filter(({ method }) => method.test(`.${event.callee}`))
        .flatMap(({ argument }) => toServiceCalls(event, argument));
    });
}

function toServiceCalls(event: CallEvent, argument: string | 0): readonly ServiceCall[] {
  const first = event.arguments[0];
  const value = first === undefined || argument === 0 ? first : fieldOf(first, argument);
  return (value === undefined ? [] : termsThatMayBe(value)).map(term => ({
    kind: 'service-call',
    place: event.place,
    service: 'stripe',
    method: event.callee,
    argument: argument === 0 ? 'id' : argument,
    value: term,
    trusted: isTied(term, event.facts),
    entryPoint: event.entryPoint.name,
  }));
}

function termsThatMayBe(value: Value): readonly Term[] {
  if (value.kind === 'term') return [value.term];
  if (value.kind === 'choice') return value.alternatives.flatMap(alternative => termsThatMayBe(alternative.value));
  return value.kind === 'promise' ? termsThatMayBe(value.value) : [];
}

/** What the server itself knows may be used; what the caller sent only after something compared it with what the server knows. */
function isTied(term: Term, facts: readonly Fact[]): boolean {
  if (term.kind !== 'client' && term.kind !== 'tool-argument') return true;
  const key = keyOf(term);
  const equal = conditionsOf(facts)
    .flatMap(comparisonsOf)
    .some(
      ({ operator, left, right }) =>
        operator === '=' && ((keyOf(left) === key && isOfServer(right)) || (keyOf(right) === key && isOfServer(left))),
    );
  const found = facts.some(
    fact => fact.weakness === undefined && fact.holds.kind === 'row' && mentions(fact.holds.row.where),
  );
  return equal || found;

  function mentions(where: Parameters<typeof termsOf>[0]): boolean {
    const terms = termsOf(where);
    return terms.some(other => keyOf(other) === key) && terms.some(other => other.kind === 'principal');
  }
}

function isOfServer(term: Term): boolean {
  return term.kind === 'column' || term.kind === 'principal';
}
