import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPostgres, type TestPostgres } from './postgres.ts';

let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());

test('the Postgres of the tests answers, and answers again after a crash', async () => {
  const pool = postgres.pool();
  await pool.query('create table note (id int)');
  await postgres.restart();
  expect((await pool.query('select count(*)::int as notes from note')).rows).toEqual([{ notes: 0 }]);
});
