// Builds the guard with what its tests start, and gives access to it: Node 20 runs no TypeScript by itself.
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/** Builds once, and imports modules of guard/src by their name. */
export async function built(...names) {
  const tsc = join(here, '../../node_modules/.bin/tsc');
  execFileSync(tsc, ['-p', join(here, '../tsconfig.bench.json')], { stdio: 'inherit' });
  const modules = await Promise.all(names.map(name => import(pathToFileURL(join(here, 'dist', `${name}.js`)).href)));
  return Object.assign({}, ...modules);
}

/** A Postgres with the tenants of the tests, the address for each role, and one invoice of Acme. */
export async function startWorld() {
  const guard = await built('testing/postgres', 'testing/tenants', 'pg/index', 'prisma/index', 'index');
  const postgres = await guard.startPostgres();
  const owner = postgres.pool();
  await guard.makeTenants(owner);
  const { rows } = await owner.query('select id from invoices where tenant_id = $1 limit 1', [guard.acme]);
  const url = (role, port = postgres.port) => `postgres://${role}@127.0.0.1:${port}/postgres`;
  return { ...guard, postgres, owner, url, id: rows[0].id };
}

/** The value in the middle. */
export function median(values) {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)];
}
