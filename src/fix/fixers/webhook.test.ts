import { expect, test } from 'vitest';
import { findingAt, repair } from '../fixtures/billing-app.ts';

const billing = {
  'lib/schema.ts': `import { pgTable, text, uuid } from 'drizzle-orm/pg-core';

export const plans = pgTable('plans', { accountId: uuid('account_id'), stripeCustomerId: text('stripe_customer_id'), email: text('email'), state: text('state') });
export const events = pgTable('events', { id: text('id').primaryKey(), type: text('type') });
`,
  'lib/stripe.ts': `import Stripe from 'stripe';

export const stripe = new Stripe(process.env.STRIPE_SECRET_KEY ?? '');
`,
};
const sibling = {
  'lib/hooks.ts': `import type Stripe from 'stripe';
import { db } from './db';
import { events } from './schema';
import { stripe } from './stripe';

export async function readEvent(request: Request): Promise<Stripe.Event | null> {
  try {
    return stripe.webhooks.constructEvent(await request.text(), request.headers.get('stripe-signature') ?? '', process.env.STRIPE_WEBHOOK_SECRET ?? '');
  } catch {
    return null;
  }
}

export async function once(event: Stripe.Event, work: (tx: typeof db) => Promise<void>) {
  const rows = await db.insert(events).values({ id: event.id, type: event.type }).onConflictDoNothing().returning();
  if (rows.length > 0) await work(db);
}

export function idOf(value: string | { id: string } | null): string | null {
  return typeof value === 'string' ? value : (value?.id ?? null);
}
`,
  'app/api/hooks/plans/route.ts': `import { idOf, once, readEvent } from '@/lib/hooks';

export async function POST(request: Request) {
  const event = await readEvent(request);
  if (!event) return Response.json({ error: 'Invalid signature' }, { status: 400 });
  await once(event, async () => console.log(idOf(event.data.object.customer)));
  return Response.json({ received: true });
}
`,
};
const file = 'app/api/hooks/old/route.ts';

test('a webhook that believed its body reads the event as its sibling does, signature first', () => {
  const files = {
    ...billing,
    ...sibling,
    [file]: `import type Stripe from 'stripe';

export async function POST(request: Request) {
  const event = JSON.parse(await request.text()) as Stripe.Event;
  console.log(event.type);
  return Response.json({ received: true });
}
`,
  };
  const { text } = repair(files, [findingAt(files, { file, mark: 'POST' }, { kind: 'verify-webhook' })]);
  expect(text(file)).toContain(`  const event = await readEvent(request);
  if (!event) return Response.json({ error: 'Invalid signature' }, { status: 400 });
  console.log(event.type);`);
  expect(text(file)).toContain("import { readEvent } from '@/lib/hooks';");
});

test('without a sibling the signature is checked over the raw body as Stripe documents it', () => {
  const files = {
    ...billing,
    [file]: `export async function POST(request: Request) {\n  const event = await request.json();\n  console.log(event.type);\n  return Response.json({ received: true });\n}\n`,
  };
  const { text } = repair(files, [findingAt(files, { file, mark: 'POST' }, { kind: 'verify-webhook' })]);
  expect(text(file)).toContain('const payload = await request.text();');
  expect(text(file)).toContain(
    "event = stripe.webhooks.constructEvent(payload, signature, process.env.STRIPE_WEBHOOK_SECRET ?? '');",
  );
  expect(text(file)).not.toContain('request.json()');
});

const writing = `import { eq } from 'drizzle-orm';
import { db } from '@/lib/db';
import { readEvent } from '@/lib/hooks';
import { plans } from '@/lib/schema';

export async function POST(request: Request) {
  const event = await readEvent(request);
  if (!event) return Response.json({ error: 'Invalid signature' }, { status: 400 });
  const invoice = event.data.object;
  const email = invoice.customer_email;
  if (!email) return Response.json({ received: true });
  await db.update(plans).set({ state: 'paid' }).where(eq(plans.email, email));
  return Response.json({ received: true });
}
`;

test('an event is recorded by the helper that records it elsewhere', () => {
  const files = { ...billing, ...sibling, [file]: writing };
  const { text } = repair(files, [findingAt(files, { file, mark: 'POST' }, { kind: 'record-event' })]);
  expect(text(file)).toContain(`  await once(event, async tx => {
    await tx.update(plans).set({ state: 'paid' }).where(eq(plans.email, email));
  });`);
  expect(text(file)).toContain("import { once, readEvent } from '@/lib/hooks';");
});

test('the tenant is found by the customer that is stored for it, not by an e-mail that anybody may type', () => {
  const files = { ...billing, ...sibling, [file]: writing };
  const { text } = repair(files, [
    findingAt(files, { file, mark: 'POST' }, { kind: 'map-by-customer', table: 'plans' }),
  ]);
  expect(text(file)).toContain(`  const customerId = idOf(invoice.customer);
  if (!customerId) return Response.json({ received: true });
  await db.update(plans).set({ state: 'paid' }).where(eq(plans.stripeCustomerId, customerId));`);
});

test('without a ledger the migration makes one', () => {
  const { 'lib/hooks.ts': hooks, ...rest } = sibling;
  const files = {
    ...billing,
    'lib/schema.ts': billing['lib/schema.ts'].replace(/export const events.*\n/, ''),
    'lib/hooks.ts': hooks
      .replace(/export async function once[\s\S]*?\n}\n/, '')
      .replace("import { db } from './db';\nimport { events } from './schema';\n", ''),
    'app/api/hooks/plans/route.ts': rest['app/api/hooks/plans/route.ts'].replace(/ {2}await once.*\n/, ''),
    'drizzle/0000_init.sql': 'create table plans (account_id uuid);',
    [file]: writing,
  };
  const { text, proposal } = repair(files, [findingAt(files, { file, mark: 'POST' }, { kind: 'record-event' })]);
  expect(text(file)).toContain(
    'insert into processed_events (id) values (${event.id}) on conflict do nothing returning id',
  );
  expect(proposal.fixes[0]?.newFiles[0]?.file).toBe('drizzle/0001_processed_events.sql');
  expect(proposal.fixes[0]?.rollbackSql).toBe('drop table processed_events;\n');
});
