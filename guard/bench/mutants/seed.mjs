// Two tenants with a row in every table. A row's id is its tenant's in all tables, so that one id tries them all.
export const ids = { A: '00000000-0000-4000-8000-00000000000a', B: '00000000-0000-4000-8000-00000000000b' };
export const users = { A: 'ann', B: 'bob' };
export const organization = { A: 'org_a', B: 'org_b' };

/** @type {readonly (readonly [string, readonly string[], (tenant: 'A' | 'B') => readonly (string | number | boolean | null)[]])[]} */
const tables = [
  ['"user"', ['id', 'name', 'email'], t => [users[t], text(t), `${users[t]}@zq${t}.example`]],
  ['organization', ['id', 'name', 'slug'], t => [organization[t], text(t), `slug-${t}`]],
  ['member', ['id', 'organization_id', 'user_id'], t => [`member-${t}`, organization[t], users[t]]],
  ['profiles', ['user_id', 'display_name', 'calendar_token'], t => [users[t], text(t), ids[t]]],
  [
    'customers',
    ['id', 'organization_id', 'name', 'email', 'city', 'credit_limit_cents'],
    t => [ids[t], organization[t], text(t), text(t), text(t), cents(t)],
  ],
  [
    'orders',
    [
      'id',
      'organization_id',
      'customer_id',
      'reference',
      'origin',
      'destination',
      'status',
      'price_cents',
      'carrier_cost_cents',
      'pickup_date',
      'archived_at',
      'created_by',
    ],
    t => [
      ids[t],
      organization[t],
      ids[t],
      text(t),
      text(t),
      text(t),
      'booked',
      cents(t),
      cents(t),
      '2026-01-01',
      null,
      users[t],
    ],
  ],
  [
    'orders',
    [
      'id',
      'organization_id',
      'customer_id',
      'reference',
      'origin',
      'destination',
      'status',
      'price_cents',
      'archived_at',
    ],
    t => [
      ids[t].replace('8000', '8001'),
      organization[t],
      ids[t],
      text(t),
      text(t),
      text(t),
      'delivered',
      cents(t),
      '2026-01-02',
    ],
  ],
  ['order_stops', ['id', 'order_id', 'position', 'address'], t => [ids[t], ids[t], 1, text(t)]],
  [
    'messages',
    ['id', 'organization_id', 'order_id', 'author_id', 'body'],
    t => [ids[t], organization[t], ids[t], users[t], text(t)],
  ],
  [
    'invoices',
    ['id', 'organization_id', 'customer_id', 'order_id', 'number', 'amount_cents', 'status', 'memo', 'due_date'],
    t => [ids[t], organization[t], ids[t], ids[t], text(t), cents(t), 'open', text(t), '2026-01-01'],
  ],
  [
    'subscriptions',
    ['id', 'organization_id', 'stripe_customer_id', 'billing_email'],
    t => [ids[t], organization[t], `cus_zq${t}`, text(t)],
  ],
  [
    'api_keys',
    ['id', 'organization_id', 'name', 'prefix', 'key_hash', 'created_by'],
    t => [ids[t], organization[t], text(t), 'hk_', keyHash[t], users[t]],
  ],
  [
    'uploads',
    ['id', 'organization_id', 'order_id', 'uploaded_by', 'filename', 'content'],
    t => [ids[t], organization[t], ids[t], users[t], text(t), text(t)],
  ],
  [
    'notes',
    ['id', 'organization_id', 'customer_id', 'author_id', 'body', 'pinned'],
    t => [ids[t], organization[t], ids[t], users[t], text(t), true],
  ],
  [
    'saved_exports',
    ['id', 'organization_id', 'created_by', 'name', 'content'],
    t => [ids[t], organization[t], users[t], text(t), text(t)],
  ],
  [
    'quotes',
    ['id', 'organization_id', 'customer_id', 'lane', 'rate_cents', 'created_by'],
    t => [ids[t], organization[t], ids[t], text(t), cents(t), users[t]],
  ],
  [
    'tasks',
    ['id', 'organization_id', 'title', 'details', 'created_by'],
    t => [ids[t], organization[t], text(t), text(t), users[t]],
  ],
  [
    'contacts',
    ['id', 'organization_id', 'customer_id', 'name', 'email'],
    t => [ids[t], organization[t], ids[t], text(t), text(t)],
  ],
  [
    'claims',
    ['id', 'organization_id', 'order_id', 'reason', 'amount_cents'],
    t => [ids[t], organization[t], ids[t], text(t), cents(t)],
  ],
  ['tracking_links', ['token', 'order_id'], t => [ids[t], ids[t]]],
];

/** A mark that no other text has: the tenant can be told from it. */
function text(tenant) {
  return `zq${tenant} mark`;
}

function cents(tenant) {
  return tenant === 'A' ? 1 : 777_000_777;
}

/** sha256 of `hk_A` and `hk_B`. */
const keyHash = {
  A: 'd7f1b2c4a0f44f1f9a2f0c7c1f1d7f6ad0f3a6a9d58a3f0c5e5b4a3f2d1c0b9a',
  B: 'e7f1b2c4a0f44f1f9a2f0c7c1f1d7f6ad0f3a6a9d58a3f0c5e5b4a3f2d1c0b9b',
};

/** Empties every table of the app and fills them as they were, in one trip. */
export async function reseed(client) {
  await client.query(whole);
}

const whole = [
  'begin',
  ...[...new Set(tables.map(([name]) => name))].toReversed().map(name => `delete from ${name}`),
  ...tables.flatMap(([table, columns, row]) =>
    ['A', 'B'].map(t => `insert into ${table} (${columns.join(', ')}) values (${row(t).map(literal).join(', ')})`),
  ),
  "update orders set created_at = '2026-10-01'",
  'commit',
].join(';\n');

function literal(value) {
  return value === null ? 'null' : typeof value === 'string' ? `'${value}'` : String(value);
}

/** One hash of everything and one of what is B's. */
export async function state(client) {
  const parts = [...new Set(tables.map(([name]) => name))].map(name => {
    const columns = new Set(tables.filter(([other]) => other === name).flatMap(([, all]) => all));
    const own = columns.has('organization_id')
      ? `t.organization_id = 'org_b'`
      : columns.has('order_id')
        ? `t.order_id = '${ids.B}'`
        : columns.has('user_id')
          ? `t.user_id = 'bob'`
          : `t.id in ('bob', 'org_b')`;
    // When a row was made is another time after each filling; that a time is there at all still counts.
    const row = String.raw`regexp_replace(t::text, '\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]*', '', 'g')`;
    const hash = filter => `md5(coalesce(string_agg(${row}, '' order by t::text)${filter}, ''))`;
    return `select ${hash('')} as everything, ${hash(` filter (where ${own})`)} as foreign_rows from ${name} as t`;
  });
  const { rows } = await client.query(
    `select string_agg(everything, '') as everything, string_agg(foreign_rows, '') as foreign_rows from (${parts.join(' union all ')}) as all_tables`,
  );
  return { everything: rows[0].everything, foreignRows: rows[0].foreign_rows };
}
