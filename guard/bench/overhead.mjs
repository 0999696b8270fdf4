// What a guarded query costs beside a plain prepared one, on loopback and at a distance: interleaved rounds, medians of p50.
// node guard/bench/overhead.mjs [--rounds 8] [--queries 1500]
import { createConnection, createServer } from 'node:net';
import { parseArgs } from 'node:util';
import pg from 'pg';
import postgresjs from 'postgres';
import { median, startWorld } from './built.mjs';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '8' }, queries: { type: 'string', default: '1500' } },
});
const rounds = Number(options.rounds);
const queries = Number(options.queries);
const { postgres, owner, url, id: one, membership, acme, ann, guardPool, asTenant } = await startWorld();
await owner.query(`insert into invoices (tenant_id, number, cents)
  select tenant, 'n' || n, n
  from (select '${acme}'::uuid as tenant union all select gen_random_uuid() from generate_series(1, 99)) as tenants
  cross join generate_series(1, 200) as n`);
await owner.query('analyze');

for (const [place, delayMs] of [
  ['loopback', 0],
  ['2.5 ms round trip', 2.5],
]) {
  const port = delayMs === 0 ? postgres.port : await distance(postgres.port, delayMs);
  process.stdout.write(`\n${place}\n`);
  for (const shape of shapes()) await compare(shape, port, delayMs === 0 ? queries : Math.ceil(queries / 10));
}
await postgres.stop();
process.exit(0);

/** A row by its key, and a list of twenty. The plain forms name the tenant themselves, as they must without a guard. */
function shapes() {
  return [
    {
      name: 'one row',
      plain: ['select * from invoices where id = $1 and tenant_id = $2', [one, acme]],
      forgot: ['select * from invoices where id = $1', [one]],
    },
    {
      name: 'list of 20',
      plain: ['select * from invoices where tenant_id = $1 order by number limit 20', [acme]],
      forgot: ['select * from invoices order by number limit 20', []],
    },
  ];
}

async function compare({ name, plain, forgot }, port, count) {
  const asOwner = new pg.Pool({ connectionString: url('postgres', port), max: 1 });
  const asApp = new pg.Pool({ connectionString: url('app', port), max: 1 });
  const guarded = guardPool({ connectionString: url('app', port), max: 1 }, { membership });
  const once = guardPool({ connectionString: url('app', port), max: 1 }, { membership, recheckMs: 1000 });
  const js = postgresjs(url('app', port), { max: 1 });
  const four = async () => {
    const client = await asApp.connect();
    await client.query('begin');
    await client.query("select set_config('app.tenant_id', $1, true)", [acme]);
    const result = await client.query({ name: `four-${name}`, text: forgot[0], values: forgot[1] });
    await client.query('commit');
    client.release();
    return result;
  };
  const five = async () => {
    const { rowCount } = await asOwner.query({
      name: 'member',
      text: 'select from memberships where user_id = $1 and tenant_id = $2',
      values: [ann, acme],
    });
    if (rowCount !== 1) throw new Error('not a member');
    return four();
  };
  const ways = {
    'plain, prepared': () => asOwner.query({ name: `plain-${name}`, text: plain[0], values: plain[1] }),
    'plain, not prepared': () => asOwner.query(plain[0], plain[1]),
    'guarded, member with each statement': () => guarded.query(forgot[0], forgot[1]),
    'guarded, member once a request of 5': () => once.query(forgot[0], forgot[1]),
    'begin, set_config, query, commit': four,
    'member query, then those four': five,
    'postgres.js sql.begin': () =>
      js.begin(async sql => {
        await sql`select set_config('app.tenant_id', ${acme}, true)`;
        return sql.unsafe(forgot[0], forgot[1], { prepare: true });
      }),
  };
  const medians = Object.fromEntries(Object.keys(ways).map(way => [way, []]));
  for (const way of Object.keys(ways)) await p50(ways[way], 50);
  for (let round = 0; round < rounds; round += 1)
    for (const way of Object.keys(ways)) medians[way].push(await p50(ways[way], count));
  const base = median(medians['plain, prepared']);
  for (const [way, all] of Object.entries(medians))
    process.stdout.write(
      `  ${name.padEnd(11)}${way.padEnd(36)}${median(all).toFixed(0).padStart(6)} µs  ${(median(all) / base).toFixed(2)}×\n`,
    );
  await Promise.all([asOwner.end(), asApp.end(), guarded.end(), once.end(), js.end()]);
}

/** Requests of five statements each, every one in a scope of its own. */
async function p50(work, count) {
  const times = [];
  for (let request = 0; request < count / 5; request += 1) {
    await asTenant({ user: ann, tenant: acme }, async () => {
      for (let statement = 0; statement < 5; statement += 1) {
        const start = process.hrtime.bigint();
        await work();
        times.push(Number(process.hrtime.bigint() - start) / 1000);
      }
    });
  }
  return median(times);
}

/** A way to the server that holds everything back for half of a round trip, in each direction. */
function distance(target, roundTripMs) {
  const server = createServer(near => {
    const far = createConnection(target, '127.0.0.1');
    near.setNoDelay(true);
    far.setNoDelay(true);
    const late = to => chunk => setTimeout(() => to.write(chunk), roundTripMs / 2);
    near
      .on('data', late(far))
      .on('close', () => far.destroy())
      .on('error', () => far.destroy());
    far
      .on('data', late(near))
      .on('close', () => near.destroy())
      .on('error', () => near.destroy());
  });
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server.address().port)));
}
