import { equals, type Term } from '../../../../core/predicate.ts';
import { callMethod, handlerValue } from '../../calls.ts';
import { awaitValue } from '../../expressions.ts';
import { rowFact } from '../../facts.ts';
import { valueKey } from '../../keys.ts';
import type { Call, Handler } from '../../machine.ts';
import { leave } from '../../statements.ts';
import { fieldOf, objectOf, present, undefinedValue, type Value } from '../../value.ts';
import { platformRequest } from '../requests.ts';
import { scopeValue, withScope } from './scope.ts';
import { ask } from './session.ts';

function eventTerm(path: string): Term {
  return { kind: 'event', path };
}

const customer: Term = eventTerm('event.data.object.customer');

/** The tenant for which the customer was stored; in no case what the event itself says. */
function tenantIn(call: Call, options: Value): Value {
  const tenantOf = fieldOf(options, 'tenantOf');
  if (tenantOf !== undefined && tenantOf.kind !== 'constant')
    return ask(call, tenantOf, [objectOf({ id: present(customer) })]);
  const { machine, frame, at } = call;
  const fresh = machine.newRow('drydock.stripe_customer', { kind: 'true' });
  const row = { ...fresh, where: equals({ kind: 'column', row: fresh.name, column: 'id' }, customer) };
  machine.rows.set(row.name, row);
  frame.learn([rowFact(row, machine.place(frame, at), 'the customer was stored for a tenant')]);
  return present({ kind: 'column', row: row.name, column: 'tenant' });
}

/** Runs what is to be done for an event, in the transaction that writes the event down. */
function deliver(call: Call, options: Value, handler: Value, more: Readonly<Record<string, Value>>): Value {
  const event = { event: present(eventTerm('event')), object: present(eventTerm('event.data.object')) };
  const work = handlerValue('work', `delivery ${valueKey(handler)}`, inner =>
    ask(inner, handler, [objectOf({ ...event, ...more, tx: inner.arguments[0] ?? undefinedValue })]),
  );
  return ask(call, fieldOf(options, 'transaction'), [work]);
}

function functionsIn(options: Value, name: string): readonly Value[] {
  const handlers = fieldOf(options, name);
  return handlers?.kind === 'object' ? [...handlers.fields.values()] : [];
}

const stripeWebhook: Handler = ({ arguments: [options = objectOf({})] }) =>
  handlerValue('webhook', `stripe webhook ${valueKey(options)}`, call => {
    const { machine, frame, at, end } = call;
    const place = machine.place(frame, at, end);
    machine.emit(frame, { kind: 'call', library: '@drydock/guard', callee: 'stripeWebhook', arguments: [], place });
    frame.learn([{ holds: { kind: 'system' }, place, label: 'the signature of the event was verified' }]);
    for (const handler of functionsIn(options, 'on')) {
      const before = frame.save();
      const tenant = tenantIn(call, options);
      const run = (): Value => deliver(call, options, handler, { tenant, customer: present(customer) });
      withScope(machine, scopeValue('system', { tenant }), run, frame, at);
      leave(frame, before);
    }
    for (const handler of functionsIn(options, 'platform')) {
      const before = frame.save();
      withScope(machine, scopeValue('admin', {}), () => deliver(call, options, handler, {}), frame, at);
      leave(frame, before);
    }
    const answer: Value = { kind: 'response', status: 200, headers: undefinedValue, body: undefinedValue, place };
    return { kind: 'promise', value: answer, facts: [] };
  });

/** The handler of a route, asked with what Next.js gives one of `pages/api`; its answer is what is sent. */
const forPagesApi: Handler = ({ arguments: [webhook = undefinedValue] }) =>
  handlerValue('webhook', `webhook in pages/api ${valueKey(webhook)}`, call => {
    const [, res = undefinedValue] = call.arguments;
    const answer = ask(call, webhook, [platformRequest('POST', [])]);
    if (!call.frame.dead && answer.kind === 'response')
      callMethod(call.machine, call.frame, res, 'end', [answer.body], { at: call.at, end: call.end });
    return { kind: 'promise', value: undefinedValue, facts: [] };
  });

const pgTransaction: Handler = ({ arguments: [pool = undefinedValue] }) =>
  handlerValue('transaction', `transaction on ${valueKey(pool)}`, call => {
    const { machine, frame, at, end } = call;
    const client = awaitValue(machine, frame, callMethod(machine, frame, pool, 'connect', [], { at, end }), at);
    return ask(call, call.arguments[0], [client]);
  });

/** Webhooks of Stripe behind the guard: verified, for a stored customer's tenant, once. */
export const guardStripeHandlers: Readonly<Record<string, Handler>> = {
  '@drydock/guard/stripe#stripeWebhook': stripeWebhook,
  '@drydock/guard/stripe#forPagesApi': forPagesApi,
  '@drydock/guard/stripe#pgTransaction': pgTransaction,
};
