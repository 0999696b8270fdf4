// How many events a core carries into Postgres, and what they do to requests: interleaved rounds, medians of p50.
// node guard/bench/events.mjs [--events 100000] [--rounds 100] [--requests 1200]
import { Agent, createServer, request } from 'node:http';
import { parseArgs } from 'node:util';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { median } from './built.mjs';

const denial = {
  type: 'authz_fail',
  outcome: 'denied',
  reason: 'not-a-member',
  table: 'invoices',
  status: 404,
  ms: 1.25,
};

await (isMainThread ? main() : ask());

async function main() {
  const { values } = parseArgs({
    options: {
      events: { type: 'string', default: '100000' },
      rounds: { type: 'string', default: '100' },
      requests: { type: 'string', default: '1200' },
    },
  });
  const { built } = await import('./built.mjs');
  const guard = await built(
    'testing/postgres',
    'testing/tenants',
    'pg/index',
    'index',
    'scope',
    'events/index',
    'events/event',
    'events/console-sink',
  );
  const postgres = await guard.startPostgres({ fsync: 'on', full_page_writes: 'on' });
  const owner = postgres.pool();
  await guard.makeTenants(owner);
  await owner.query(`create role writer login; ${guard.eventsMigration({ writer: 'writer' })}`);
  const writer = postgres.pool({ user: 'writer', max: 1 });

  const batches = [100, 500, 2000];
  const carried = batches.map(() => []);
  for (let round = 0; round < 7; round += 1) {
    for (const [index, batch] of batches.entries()) {
      carried[index].push(await carry(guard, writer, Number(values.events), batch));
    }
  }
  process.stdout.write('| batch | events/s | events/s of processor time in Node |\n| ---: | ---: | ---: |\n');
  for (const [index, batch] of batches.entries()) {
    const perSecond = name => Math.round(Number(values.events) / median(carried[index].map(one => one[name])));
    const figures = [perSecond('seconds'), perSecond('processor')].map(value => value.toLocaleString('en'));
    process.stdout.write(`| ${batch} | ${figures.join(' | ')} |\n`);
  }
  await serve(guard, postgres, writer, Number(values.rounds), Number(values.requests));
  await postgres.stop();
  process.exit(0);
}

/** Tells events as a request does, as fast as the sink takes them, and waits until Postgres has them all. */
async function carry(guard, writer, count, batch) {
  const events = guard.guardEvents({ sinks: [guard.postgresSink(writer)], hashKey: 'bench', batch, capacity: count });
  await tell(guard, 1000);
  await events.flush();
  const [from, processor] = [performance.now(), process.cpuUsage()];
  for (let told = 0; told < count; told += 1000) {
    await tell(guard, 1000);
    await new Promise(resolve => setImmediate(resolve));
  }
  await events.flush(60_000);
  const seconds = (performance.now() - from) / 1000;
  const { user, system } = process.cpuUsage(processor);
  const { written, dropped } = events.counts().postgres;
  if (written !== count + 1000 || dropped > 0) throw new Error(`written ${written}, dropped ${dropped}`);
  await events.stop();
  return { seconds, processor: (user + system) / 1e6 };
}

function tell(guard, count) {
  const facts = { route: '/api/invoices/[id]', requestId: 'req_0123456789', address: '203.0.113.7' };
  const who = { user: guard.ann, tenant: guard.acme };
  return guard.withRequest(facts, () =>
    guard.asTenant(who, () => {
      for (let index = 0; index < count; index += 1) guard.report(denial);
    }),
  );
}

/** Requests with one guarded query each, which tell an event, or have nobody to tell it to. Events are written meanwhile. */
async function serve(guard, postgres, writer, rounds, requests) {
  const pool = guard.guardPool(
    { port: postgres.port, host: '127.0.0.1', user: 'app', database: 'postgres' },
    { membership: guard.membership },
  );
  let [count, tellEvery] = [0, 1];
  const server = createServer((_, response) => {
    void guard
      .withRequest({ route: '/api/invoices', requestId: 'req_0123456789', address: '203.0.113.7' }, () =>
        guard.asTenant({ user: guard.ann, tenant: guard.acme }, async () => {
          const { rows } = await pool.query('select * from invoices order by number limit 20');
          if ((count += 1) % tellEvery === 0) guard.report(denial);
          return rows;
        }),
      )
      .then(rows => response.end(JSON.stringify(rows)));
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const worker = new Worker(new URL(import.meta.url), { workerData: { port: server.address().port } });
  const p50 = clients =>
    new Promise(resolve => {
      worker.once('message', resolve);
      worker.postMessage({ clients, requests });
    });
  process.stdout.write(
    '\n| clients | events | p50 without, µs | p50 with, µs | ratio |\n| ---: | --- | ---: | ---: | ---: |\n',
  );
  for (const [clients, every] of [
    [1, 1],
    [8, 1],
    [8, 10],
  ]) {
    tellEvery = every;
    await p50(clients);
    const found = { off: [], on: [] };
    for (let round = 0; round < rounds; round += 1) {
      for (const how of round % 2 === 0 ? ['off', 'on'] : ['on', 'off']) {
        const events =
          how === 'on'
            ? guard.guardEvents({ sinks: [guard.postgresSink(writer)], hashKey: 'bench', flushMs: 100 })
            : undefined;
        found[how].push(await p50(clients));
        await events?.stop();
      }
    }
    const [off, on] = [median(found.off), median(found.on)];
    const told = every === 1 ? 'one for each request' : `one for ${every} requests`;
    const figures = [clients, told, off.toFixed(0), on.toFixed(0), (on / off).toFixed(3)];
    process.stdout.write(`| ${figures.join(' | ')} |\n`);
  }
  await worker.terminate();
  server.close();
  await pool.end();
}

/** In a thread of its own: asks, and tells the median. */
async function ask() {
  const agent = new Agent({ keepAlive: true });
  const once = () =>
    new Promise((resolve, reject) => {
      request({ port: workerData.port, host: '127.0.0.1', agent }, response => response.resume().on('end', resolve))
        .on('error', reject)
        .end();
    });
  const answer = async ({ clients, requests }) => {
    const took = [];
    const client = async () => {
      for (let index = 0; index < requests / clients; index += 1) {
        const from = performance.now();
        await once();
        took.push((performance.now() - from) * 1000);
      }
    };
    await Promise.all(Array.from({ length: clients }, client));
    parentPort.postMessage(median(took));
  };
  parentPort.on('message', message => void answer(message));
}
