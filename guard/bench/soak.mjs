// A million operations of 64 clients on four connections, straight and through PgBouncer: how many answers were wrong.
// node guard/bench/soak.mjs [--operations 1000000]
import { parseArgs } from 'node:util';
import { built } from './built.mjs';

const { values: options } = parseArgs({ options: { operations: { type: 'string', default: '1000000' } } });
const operations = Number(options.operations);
const guard = await built('testing/postgres', 'testing/pgbouncer', 'testing/tenants', 'testing/soak', 'pg/index');
const postgres = await guard.startPostgres();
const owner = postgres.pool({ max: 4 });
await guard.makeTenants(owner);
await guard.prepareSoak(owner);

await run('straight', postgres.port, 4, Math.ceil(operations / 2), 11);
const program = guard.findPgBouncer();
if (program === undefined) {
  process.stdout.write('through PgBouncer: not run, it is not installed (apt-get install pgbouncer)\n');
} else {
  const bouncer = await guard.startPgBouncer(program, postgres.port, 4);
  await run('through PgBouncer', bouncer.port, 64, Math.ceil(operations / 2), 12);
  await bouncer.stop();
}
await postgres.stop();

async function run(name, port, max, count, seed) {
  const url = `postgres://app@127.0.0.1:${port}/postgres`;
  const pool = guard.guardPool({ connectionString: url, max }, { membership: guard.membership });
  const result = await guard.soak({ pool, owner, operations: count, clients: 64, seed });
  await pool.end();
  const seconds = (result.elapsedMs / 1000).toFixed(0);
  process.stdout.write(`${name}: ${result.operations} operations in ${seconds} s, ${result.wrong.length} wrong\n`);
  process.stdout.write(
    `  ${Object.entries(result.byKind)
      .map(([kind, times]) => `${kind} ${times}`)
      .join(', ')}\n`,
  );
  for (const problem of result.wrong.slice(0, 10)) process.stdout.write(`  ${problem}\n`);
  if (result.wrong.length > 0) process.exitCode = 1;
}
