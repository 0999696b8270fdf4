// "Forgot the where": every tenant predicate of harbor's guarded twin away, one at a time, with the guard and without.
// npm run build && node guard/bench/mutants.mjs [--every 1] [--only <files>] [--json]
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import pg from 'pg';
import { makeTwin } from '../../examples/harbor-guarded/make.mjs';
import { built } from './built.mjs';

const { values: options } = parseArgs({
  options: {
    every: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});
const { startPostgres } = await built('testing/postgres');
const twin = await makeTwin('mutants');
const postgres = await startPostgres();
const server = postgres.pool();

const guarded = await run('guarded');
const plain = await run('plain');
await postgres.stop();

const without = new Map(plain.results);
const rows = guarded.mutants.map(mutant => {
  const here = guarded.results.find(([id]) => id === mutant.id)?.[1];
  return {
    ...mutant,
    reached: here !== undefined,
    leaks: here?.leaks ?? [],
    leaksWithout: without.get(mutant.id)?.leaks ?? [],
  };
});
const harmful = rows.filter(row => row.leaksWithout.length > 0 || row.leaks.length > 0);
const survived = harmful.filter(row => row.leaks.length > 0);
const summary = {
  predicates: rows.length,
  calls: guarded.calls,
  reached: rows.filter(row => row.reached).length,
  harmful: harmful.length,
  stopped: harmful.length - survived.length,
  survived: survived.map(({ place, kind, text, leaks }) => ({ place, kind, text, leaks: leaks.slice(0, 3) })),
  notReached: rows.filter(row => !row.reached).map(({ place, text }) => `${place} ${text}`),
  harmless: rows
    .filter(row => row.reached && row.leaksWithout.length === 0 && row.leaks.length === 0)
    .map(({ place, text }) => `${place} ${text}`),
};
process.stdout.write(options.json ? `${JSON.stringify(summary, undefined, 2)}\n` : shown(summary));
process.exit(survived.length === 0 ? 0 : 1);

/** A database of its own for each way, so that what one changes the other does not see. */
async function run(way) {
  await server.query(`create database ${way}`);
  const url = postgres.url.replace(/postgres$/, way);
  await migrate(url);
  const as = role => url.replace('postgres@', `${role}@`);
  const environment =
    way === 'guarded'
      ? { DATABASE_URL: as('app'), ADMIN_DATABASE_URL: as('app_admin'), AUTH_DATABASE_URL: as('app_auth') }
      : { DATABASE_URL: url, ADMIN_DATABASE_URL: url, AUTH_DATABASE_URL: url, WITHOUT_GUARD: '1' };
  const script = fileURLToPath(new URL('./mutants/run.mjs', import.meta.url));
  // Not the synchronous form: the server's log would fill its pipe, and the server would wait for us.
  const { stdout } = await promisify(execFile)(process.execPath, [script, twin, url, options.every, options.only], {
    env: { ...process.env, ...environment, NODE_ENV: 'production', CRON_SECRET: 'x' },
    maxBuffer: 1e9,
  });
  return JSON.parse(stdout);
}

async function migrate(url) {
  const folder = join(twin, 'drizzle');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const file of readdirSync(folder)
    .filter(name => name.endsWith('.sql'))
    .toSorted())
    for (const statement of readFileSync(join(folder, file), 'utf8').split('--> statement-breakpoint'))
      await client.query(statement);
  await client.end();
}

function shown({ predicates, calls, reached, harmful, stopped, survived }) {
  return [
    `${predicates} predicates, ${calls} calls; ${reached} predicates reached, ${harmful} of them leak on a plain pool when they are away`,
    `stopped by the guard alone: ${stopped} of ${harmful} (${((100 * stopped) / Math.max(1, harmful)).toFixed(1)} %)`,
    ...survived.map(row => `  survived: ${row.place} ${row.text}\n    ${row.leaks.join('\n    ')}`),
    '',
  ].join('\n');
}
