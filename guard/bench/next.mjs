// What a guarded route costs beside the same steps written by hand, and what the last look at rows costs: interleaved rounds.
// node guard/bench/next.mjs [--rounds 12] [--calls 4000]
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { built, median } from './built.mjs';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '12' }, calls: { type: 'string', default: '4000' } },
});
const rounds = Number(options.rounds);
const calls = Number(options.calls);
const { asTenant, guardNext, fromCustom, guardRows, tenantFromParam } = await built(
  'index',
  'next/index',
  'session/index',
  'tripwire/index',
);

const input = z.object({ limit: z.coerce.number().max(100) });
const rows = Array.from({ length: 20 }, (_, id) => ({ id, number: `A-${id}`, tenantId: 'acme', secret: 'x' }));
const find = async headers => (headers.get('x-user') === null ? undefined : { user: headers.get('x-user') });
const membership = async ({ tenant }) => (tenant === 'acme' ? { role: 'owner' } : undefined);
const guards = guardNext({
  session: fromCustom(({ headers }) => find(headers)),
  tenant: tenantFromParam('team'),
  membership,
});
const wired = guardNext({
  session: fromCustom(({ headers }) => find(headers)),
  tenant: tenantFromParam('team'),
  membership,
  tripwire: { columns: ['tenantId'] },
});
const handlers = {
  'by hand': byHand,
  guardRoute: guards.guardRoute({ name: 'x', roles: ['owner'], input, output: ['id', 'number'] }, () => rows),
  'guardRoute with tripwire': wired.guardRoute(
    { name: 'x', roles: ['owner'], input, output: ['id', 'number'] },
    () => rows,
  ),
};

/** Session, membership, role, input and fields, as one writes them without a guard. */
async function byHand(request, { params }) {
  const session = await find(request.headers);
  if (session === undefined) return Response.json({ error: 'sign in' }, { status: 401 });
  const { team } = await params;
  const member = await membership({ user: session.user, tenant: team });
  if (member?.role !== 'owner') return Response.json({ error: 'not found' }, { status: 404 });
  const query = input.safeParse(Object.fromEntries(new URL(request.url).searchParams));
  if (!query.success) return Response.json({ error: 'bad input' }, { status: 400 });
  const body = rows.map(({ id, number }) => ({ id, number }));
  return Response.json(body, { headers: { 'cache-control': 'private, no-store', vary: 'cookie, authorization' } });
}

const request = new Request('https://app.example.com/api?limit=20', { headers: { 'x-user': 'ada' } });
const measured = new Map(Object.keys(handlers).map(name => [name, []]));
for (let round = 0; round <= rounds; round += 1)
  // Each begins in turn: whoever is second pays for the garbage of the first.
  for (const [name, handler] of rotated(Object.entries(handlers), round)) {
    const started = process.hrtime.bigint();
    for (let call = 0; call < calls; call += 1) {
      const response = await handler(request, { params: Promise.resolve({ team: 'acme' }) });
      if (response.status !== 200) throw new Error(`${name}: ${response.status}`);
    }
    // The first round warms up.
    if (round > 0) measured.get(name).push(Number(process.hrtime.bigint() - started) / calls / 1000);
  }
const base = median(measured.get('by hand'));
for (const [name, values] of measured)
  process.stdout.write(
    `${name.padEnd(26)} ${median(values).toFixed(1)} µs a call, ${(median(values) / base).toFixed(2)}×\n`,
  );

const many = Array.from({ length: 100_000 }, (_, id) => ({ id, tenant_id: 'acme' }));
for (const sample of [1, 0.1]) {
  const spent = [];
  for (let round = 0; round < rounds; round += 1) {
    const started = process.hrtime.bigint();
    await asTenant({ user: 'ada', tenant: 'acme' }, () => guardRows(many, { tenantColumn: 'tenant_id', sample }));
    spent.push(Number(process.hrtime.bigint() - started) / 1e6);
  }
  process.stdout.write(`guardRows, 100,000 rows, share ${sample}: ${median(spent).toFixed(2)} ms\n`);
}

function rotated(list, by) {
  return list.map((_, index) => list[(index + by) % list.length]);
}
