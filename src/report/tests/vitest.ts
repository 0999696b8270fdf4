import type { RulesAssertion, RulesAssertions } from '../../core/assertion.ts';
import { groupBy } from '../../core/group.ts';
import { helperSql } from './reach.ts';

/**
 * The assertions as a Vitest file that needs nothing but `pg` and DATABASE_URL. Everything happens in one transaction that
 * is rolled back, on this machine alone unless it is told otherwise.
 */
export function toVitest({ seed, assertions }: RulesAssertions): string {
  const byObject = groupBy(assertions, assertion => assertion.object);
  return `// Written by \`drydock rules --vitest\`: whether one tenant reaches the rows of another, and still reaches its own.
// Run it on a database with the migrations and without data: DATABASE_URL=postgres://postgres@127.0.0.1:5432/test npx vitest run
// A test that fails is a leak, or access that was lost. Everything is rolled back.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const url = process.env.DATABASE_URL ?? '';
const host = url === '' ? '' : new URL(url).hostname.replace(/^\\[|\\]$/g, '');
if (!['localhost', '127.0.0.1', '::1'].includes(host) && process.env.DRYDOCK_ALLOW_REMOTE !== '1')
  throw new Error(
    'DATABASE_URL must name a test database on this machine; these tests insert rows and delete them again. Set DRYDOCK_ALLOW_REMOTE=1 where another host is meant.',
  );

const helper = ${JSON.stringify(helperSql)};

/** Rows of made-up tenants. */
const seed = [
${seed.map(statement => `  ${JSON.stringify(statement)},`).join('\n')}
];

const client = new pg.Client({ connectionString: url });

beforeAll(async () => {
  await client.connect();
  await client.query('begin');
  await client.query(helper);
  await client.query('set local session_replication_role = replica');
  for (const statement of seed) await client.query(statement);
  await client.query('set local session_replication_role = origin');
});

afterAll(async () => {
  await client.query('rollback');
  await client.end();
});

/** Tries a statement as somebody, and undoes it. */
async function attempt(role, settings, setup, statement, shows, query) {
  const answer = await client.query('select pg_temp.drydock_try($1, $2, $3, $4, $5, $6) as outcome', [
    role,
    JSON.stringify(settings),
    setup,
    statement,
    shows,
    query,
  ]);
  return answer.rows[0].outcome;
}
${[...byObject].map(([object, own]) => describeBlock(object, own)).join('\n')}
`;
}

function describeBlock(object: string, assertions: readonly RulesAssertion[]): string {
  return `
describe(${JSON.stringify(object)}, () => {
${assertions.map(testBlock).join('\n\n')}
});`;
}

function testBlock({ words, role, settings, setup, statement, shows, expects }: RulesAssertion): string {
  const query = shows.kind === 'watch' ? JSON.stringify(shows.query) : 'null';
  return `  test(${JSON.stringify(words)}, async () => {
    const outcome = await attempt(
      ${JSON.stringify(role)},
      ${JSON.stringify(settings)},
      ${JSON.stringify(setup)},
      ${JSON.stringify(statement)},
      ${JSON.stringify(shows.kind)},
      ${query},
    );
    expect(outcome).toBe(${JSON.stringify(expects === 'nothing' ? 'nothing' : 'reached')});
  });`;
}
