// Fills a local database with a small brokerage to click through: sign in as dana@northlake.example / harbor-demo
import { randomUUID } from 'node:crypto';
import { hashPassword } from 'better-auth/crypto';
import pg from 'pg';

const client = new pg.Client({ connectionString: process.env.DATABASE_URL });
await client.connect();
await client.query('begin');

async function insert(table, row) {
  const names = Object.keys(row);
  const { rows } = await client.query(
    `insert into "${table}" (${names.map(name => `"${name}"`).join(', ')})
     values (${names.map((_, index) => `$${index + 1}`).join(', ')}) returning *`,
    Object.values(row),
  );
  return rows[0];
}

const now = new Date();
const password = await hashPassword('harbor-demo');

async function person(name, email, title) {
  const user = await insert('user', { id: randomUUID(), name, email });
  await insert('account', {
    id: randomUUID(),
    account_id: user.id,
    provider_id: 'credential',
    user_id: user.id,
    password,
    updated_at: now,
  });
  await insert('profiles', { user_id: user.id, display_name: name, title });
  return user;
}

const company = await insert('organization', { id: randomUUID(), name: 'Northlake Freight', slug: 'northlake-freight' });
const dana = await person('Dana Whitfield', 'dana@northlake.example', 'Operations lead');
const luis = await person('Luis Ortega', 'luis@northlake.example', 'Dispatcher');
await insert('member', { id: randomUUID(), organization_id: company.id, user_id: dana.id, role: 'owner' });
await insert('member', { id: randomUUID(), organization_id: company.id, user_id: luis.id, role: 'member' });
await insert('subscriptions', {
  organization_id: company.id,
  billing_email: 'billing@northlake.example',
  plan: 'growth',
  status: 'active',
  load_credits: 240,
});

const { rows: equipment } = await client.query('select id from equipment_types order by code');
const shippers = [
  ['Cedar Valley Foods', 'Des Moines', 'Des Moines, IA', 'Denver, CO'],
  ['Halvorsen Paper', 'Green Bay', 'Green Bay, WI', 'Atlanta, GA'],
  ['Tri-County Steel', 'Gary', 'Gary, IN', 'Houston, TX'],
  ['Bright Orchard', 'Yakima', 'Yakima, WA', 'Phoenix, AZ'],
];
const statuses = ['booked', 'in_transit', 'delivered', 'draft'];

for (const [index, [name, city, origin, destination]] of shippers.entries()) {
  const customer = await insert('customers', {
    organization_id: company.id,
    name,
    email: `freight@${name.toLowerCase().replace(/[^a-z]+/g, '')}.example`,
    phone: `+1 555 01${40 + index}`,
    city,
    credit_limit_cents: 2_500_000 + index * 500_000,
  });
  await insert('notes', {
    organization_id: company.id,
    customer_id: customer.id,
    author_id: luis.id,
    body: 'Prefers a call before seven in the morning.',
    pinned: index === 0,
  });
  await insert('contacts', {
    organization_id: company.id,
    customer_id: customer.id,
    name: `${name} dock`,
    email: `dock${index}@shipper.example`,
  });
  await insert('quotes', {
    organization_id: company.id,
    customer_id: customer.id,
    lane: `${origin} → ${destination}`,
    rate_cents: 214_500 + index * 32_000,
    created_by: dana.id,
  });
  for (let load = 0; load < 3; load += 1) {
    const order = await insert('orders', {
      organization_id: company.id,
      customer_id: customer.id,
      equipment_type_id: equipment[(index + load) % equipment.length].id,
      reference: `NL-${1040 + index * 3 + load}`,
      origin,
      destination,
      status: statuses[(index + load) % statuses.length],
      price_cents: 198_000 + load * 27_500 + index * 41_000,
      carrier_cost_cents: 160_000 + load * 20_000,
      pickup_date: new Date(now.getTime() + (load - 1) * 86_400_000),
      created_by: luis.id,
    });
    await insert('order_stops', { order_id: order.id, position: 1, address: `${origin}, dock 4` });
    await insert('order_stops', { order_id: order.id, position: 2, address: `${destination}, receiving` });
    await insert('messages', {
      organization_id: company.id,
      order_id: order.id,
      author_id: luis.id,
      body: 'Driver is an hour out and asks for the dock number.',
    });
    await insert('invoices', {
      organization_id: company.id,
      customer_id: customer.id,
      order_id: order.id,
      number: `INV-${2310 + index * 3 + load}`,
      amount_cents: order.price_cents,
      status: load === 0 ? 'paid' : 'open',
      due_date: new Date(now.getTime() + (load * 12 - 14) * 86_400_000),
    });
  }
}

await insert('tasks', { organization_id: company.id, title: 'Renew the Cedar Valley contract', created_by: dana.id });
await insert('tasks', { organization_id: company.id, title: 'Call carrier about detention', created_by: luis.id });
await insert('claims', { organization_id: company.id, reason: 'Two pallets short in Denver', amount_cents: 84_000 });
await client.query('commit');
await client.end();
