import { snake, roleOf } from './field-roles.ts';
import { identityValue, plainValue } from './field-values.ts';
import { makeReplay, type PlannedAttack } from './attacks.ts';
import type { Lab } from './lab.ts';
import type { Target } from './plan.ts';
import type { ReplayStep, ReplayValue, WebhookStep } from './replay.ts';
import type { TenantKey } from '../exploit/seed-types.ts';

/** Own deliveries and attacks of one entry point that is not called by a user. */
export interface SystemPlan {
  readonly own: readonly { readonly steps: readonly ReplayStep[]; readonly words: string }[];
  readonly attacks: readonly PlannedAttack[];
}

/** Whose value each part of an event carries. */
interface EventParts {
  readonly customer: TenantKey | 'new';
  readonly email: TenantKey;
  readonly metadata: TenantKey;
}

const mostTypes = 3;

/** Deliveries as Stripe makes them: right, unsigned, repeated, and with an e-mail or metadata that name somebody else. */
export function webhookPlan(lab: Lab, target: Target): SystemPlan {
  const types = eventTypes(target);
  const all = (tenant: TenantKey): EventParts => ({ customer: tenant, email: tenant, metadata: tenant });
  const own = types.map(type => ({
    steps: [delivery(lab, target, type, all('A'), 'valid')],
    words: `a signed ${type} for its own customer`,
  }));
  const attacks = types.flatMap((type): readonly PlannedAttack[] => {
    const genuine = delivery(lab, target, type, all('A'), 'valid');
    return [
      {
        target,
        variant: `${type}-unsigned`,
        words: `sending a ${type} for the customer of B without a signature`,
        replay: makeReplay(target, [delivery(lab, target, type, all('B'), 'none')], { kind: 'unchanged' }),
      },
      {
        target,
        variant: `${type}-forged`,
        words: `sending a ${type} for the customer of B with a wrong signature`,
        replay: makeReplay(target, [delivery(lab, target, type, all('B'), 'wrong')], { kind: 'unchanged' }),
      },
      {
        target,
        variant: `${type}-twice`,
        words: `the same ${type} delivered twice`,
        replay: makeReplay(target, [genuine, genuine], { kind: 'once' }),
      },
      {
        target,
        variant: `${type}-email`,
        words: `a signed ${type} of customer A that carries the e-mail of B`,
        replay: asTenantA(
          makeReplay(target, [delivery(lab, target, type, { customer: 'A', email: 'B', metadata: 'A' }, 'valid')], {
            kind: 'isolated',
          }),
        ),
      },
      {
        target,
        variant: `${type}-new-customer`,
        words: `a signed ${type} of a new customer whose metadata name B`,
        replay: asTenantA(
          makeReplay(target, [delivery(lab, target, type, { customer: 'new', email: 'A', metadata: 'B' }, 'valid')], {
            kind: 'isolated',
          }),
        ),
      },
      {
        target,
        variant: `${type}-metadata`,
        words: `a signed ${type} of customer A whose metadata name B`,
        replay: asTenantA(
          makeReplay(target, [delivery(lab, target, type, { customer: 'A', email: 'A', metadata: 'B' }, 'valid')], {
            kind: 'isolated',
          }),
        ),
      },
    ];
  });
  return { own, attacks };
}

/** The event is about customer A: only A's rows may change. */
function asTenantA(replay: ReturnType<typeof makeReplay>): ReturnType<typeof makeReplay> {
  return { ...replay, about: 'A' };
}

function eventTypes(target: Target): readonly string[] {
  const mentioned = target.shape.eventTypes;
  return (
    mentioned.length > 0 ? mentioned : ['customer.subscription.updated', 'checkout.session.completed', 'invoice.paid']
  ).slice(0, mostTypes);
}

function delivery(
  lab: Lab,
  target: Target,
  type: string,
  parts: EventParts,
  signature: WebhookStep['signature'],
): WebhookStep {
  const object = eventObject(lab, target, type, parts);
  return {
    kind: 'webhook',
    as: 'anonymous',
    pattern: target.route?.pattern ?? '/',
    signature,
    event: { id: `evt_drydock_${snake(type.replaceAll('.', '_'))}`, type, data: { object } },
  };
}

function eventObject(lab: Lab, target: Target, type: string, parts: EventParts): ReplayValue {
  const email = emailOf(lab, parts.email);
  const kind = type.startsWith('customer.subscription')
    ? 'subscription'
    : type
        .split('.')
        .slice(0, type.startsWith('checkout') ? 2 : 1)
        .join('.') || 'event';
  return {
    id: subscriptionOf(lab, parts.customer, kind),
    object: kind,
    customer: stripeColumn(lab, parts.customer, /stripe_?customer/i) ?? 'cus_drydocknew',
    subscription: stripeColumn(lab, parts.customer, /stripe_?subscription/i) ?? 'sub_drydock',
    customer_email: email,
    receipt_email: email,
    customer_details: { email },
    client_reference_id: { ref: `${parts.metadata}.tenant` },
    metadata: metadataOf(lab, target, parts.metadata),
    status: 'past_due',
    payment_status: 'paid',
    amount: 4242,
    amount_total: 4242,
    amount_paid: 4242,
    currency: 'usd',
    mode: 'subscription',
    current_period_end: 1_893_456_000,
    cancel_at_period_end: false,
    items: {
      object: 'list',
      data: [
        {
          id: 'si_drydock',
          quantity: 3,
          current_period_end: 1_893_456_000,
          price: {
            id: 'price_drydock',
            lookup_key: 'growth',
            nickname: 'growth',
            product: 'prod_drydock',
            metadata: {},
          },
        },
      ],
    },
    lines: { object: 'list', data: [] },
  };
}

function subscriptionOf(lab: Lab, tenant: TenantKey | 'new', kind: string): ReplayValue {
  return (
    (kind === 'subscription' ? stripeColumn(lab, tenant, /stripe_?subscription/i) : undefined) ??
    `${kind.replace(/\W/g, '_')}_drydock`
  );
}

function stripeColumn(lab: Lab, tenant: TenantKey | 'new', pattern: RegExp): ReplayValue | undefined {
  if (tenant === 'new') return undefined;
  for (const table of lab.database.tables) {
    const column = table.columns.find(candidate => pattern.test(candidate.name))?.name;
    if (column !== undefined && (lab.seed.tenants[tenant]?.rows[table.name]?.length ?? 0) > 0)
      return { ref: `${tenant}.${table.name}.0.${column}` };
  }
  return undefined;
}

/** The address that the app knows the payer by: one stored beside the customer, or the user's own. */
function emailOf(lab: Lab, tenant: TenantKey): ReplayValue {
  for (const table of lab.database.tables) {
    const column = table.columns.find(candidate => /mail/i.test(candidate.name))?.name;
    const billing = table.columns.some(candidate => /stripe_?customer/i.test(candidate.name));
    if (column !== undefined && billing && (lab.seed.tenants[tenant]?.rows[table.name]?.length ?? 0) > 0)
      return { ref: `${tenant}.${table.name}.0.${column}` };
  }
  return { ref: `${tenant}.users.0.email` };
}

function metadataOf(lab: Lab, target: Target, tenant: TenantKey): ReplayValue {
  const context = {
    database: lab.database,
    tenancy: lab.tenancy,
    paths: target.paths,
    tables: target.tables,
    text: target.entryPoint.name,
  };
  return Object.fromEntries(
    target.shape.metadata.map(name => {
      const field = { name, shape: { kind: 'string' as const, optional: true } };
      const role = roleOf(field, context);
      return [name, identityValue(role, field.shape, tenant, lab) ?? plainValue(field, role, lab)];
    }),
  );
}
