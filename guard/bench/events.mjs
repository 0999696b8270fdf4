// How many events a core carries into Postgres, and what they do to requests: pairs of rounds, medians of p50.
// node guard/bench/events.mjs [--events 100000] [--rounds 40] [--requests 4000]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from './built.mjs';

const denial = {
  type: 'authz_fail',
  outcome: 'denied',
  reason: 'The user is no member of the tenant.',
  table: 'invoices',
  status: 404,
  ms: 1.25,
};

if (process.send === undefined) await main();
else ask(Number(process.argv[2]));

async function main() {
  const { values } = parseArgs({
    options: {
      events: { type: 'string', default: '100000' },
      rounds: { type: 'string', default: '40' },
      requests: { type: 'string', default: '4000' },
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
  const events = guard.guardEvents({
    sinks: [guard.postgresSink(writer)],
    hashKey: 'the key of the bench',
    batch,
    capacity: count,
  });
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

/**
 * Requests with one guarded query each, of which some tell an event, or none do. The sink is the same all the time, and
 * what a round has told is written before the next begins. Clients are a process of their own.
 */
async function serve(guard, postgres, writer, rounds, requests) {
  const connection = { port: postgres.port, host: '127.0.0.1', user: 'app', database: 'postgres' };
  const pool = guard.guardPool(connection, { membership: guard.membership });
  let [count, every] = [0, 0];
  const server = createServer((_, response) => {
    const answer = async () => {
      const { rows } = await pool.query('select * from invoices order by number limit 20');
      count += 1;
      if (every > 0 && count % every === 0) guard.report(denial);
      response.end(JSON.stringify(rows));
    };
    void guard.withRequest({ route: '/api/invoices', requestId: 'req_0123456789', address: '203.0.113.7' }, () =>
      guard.asTenant({ user: guard.ann, tenant: guard.acme }, answer),
    );
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const client = fork(fileURLToPath(import.meta.url), [String(server.address().port)]);
  const events = guard.guardEvents({ sinks: [guard.postgresSink(writer)], hashKey: 'the key of the bench' });
  const measure = async (clients, pauseMs, tellEvery) => {
    every = tellEvery;
    const processor = process.cpuUsage();
    client.send({ clients, pauseMs, requests });
    const [[p50, perSecond]] = await once(client, 'message');
    await events.flush();
    const { user, system } = process.cpuUsage(processor);
    return { p50, perSecond, processor: (user + system) / requests };
  };

  const title = [
    'clients',
    'pause, ms',
    'events',
    'requests/s',
    'p50 without, µs',
    'with, µs',
    'ratio',
    'processor time without, µs',
    'with, µs',
    'ratio',
  ];
  process.stdout.write(`\n| ${title.join(' | ')} |\n| ---: | ---: | --- |${' ---: |'.repeat(7)}\n`);
  // Clients without a pause ask again at once: eight of them leave no core idle, and the ratio is that of all work. With
  // a pause about half of the time is idle, as in an app that is not at its end.
  for (const [clients, pauseMs, tellEvery] of [
    [1, 0, 1],
    [1, 0, 10],
    [32, 8, 1],
    [32, 8, 10],
    [8, 0, 1],
    [8, 0, 10],
  ]) {
    await measure(clients, pauseMs, tellEvery);
    const [without, told] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      for (const way of round % 2 === 0 ? [without, told] : [told, without]) {
        way.push(await measure(clients, pauseMs, way === told ? tellEvery : 0));
      }
    }
    const figures = ['p50', 'processor'].flatMap(name => {
      const [before, after] = [without, told].map(way => median(way.map(one => one[name])));
      // Of each pair, and then the middle: the two of a pair had the same machine, those of other rounds perhaps not.
      const ratio = median(told.map((one, round) => one[name] / without[round][name]));
      return [before.toFixed(0), after.toFixed(0), ratio.toFixed(3)];
    });
    const events = tellEvery === 1 ? 'one for each request' : `one for ${tellEvery} requests`;
    const perSecond = Math.round(median(told.map(one => one.perSecond))).toLocaleString('en');
    process.stdout.write(`| ${[clients, pauseMs, events, perSecond, ...figures].join(' | ')} |\n`);
  }
  client.kill();
  server.close();
  await events.stop();
  await pool.end();
}

/** In a process of its own: asks, and tells the median and how many were answered in a second. */
function ask(port) {
  const agent = new Agent({ keepAlive: true });
  const get = () =>
    new Promise((resolve, reject) => {
      request({ port, host: '127.0.0.1', agent }, response => response.resume().on('end', resolve))
        .on('error', reject)
        .end();
    });
  const pause = ms => new Promise(resolve => setTimeout(resolve, Math.random() * 2 * ms));
  const measure = async ({ clients, pauseMs, requests }) => {
    const [took, started] = [[], performance.now()];
    const client = async () => {
      for (let index = 0; index < requests / clients; index += 1) {
        const from = performance.now();
        await get();
        took.push((performance.now() - from) * 1000);
        if (pauseMs > 0) await pause(pauseMs);
      }
    };
    await Promise.all(Array.from({ length: clients }, client));
    process.send([median(took), took.length / ((performance.now() - started) / 1000)]);
  };
  process.on('message', message => void measure(message));
}
