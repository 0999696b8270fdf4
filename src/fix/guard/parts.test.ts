import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Replica } from '../../core/ports.ts';
import { startReplica } from '../../prove/replica/start.ts';
import { chosenParts, partNames, readParts } from './parts.ts';

let replica: Replica;
beforeAll(async () => {
  replica = await startReplica();
});
afterAll(() => replica.stop());

test('every part can be made, made again, and taken back', async () => {
  const { sql } = await replica.createDatabase();
  await sql.query('create role app login');
  const { up, down } = chosenParts(partNames).sql;
  for (const statement of [...up, ...up]) await sql.query(statement);
  const tables =
    "select count(*)::int as left from pg_class where relnamespace = 'drydock'::regnamespace and relkind in ('r', 'p')";
  expect((await sql.query(tables)).rows[0]?.['left']).toBeGreaterThan(5);
  for (const statement of down) await sql.query(statement);
  expect((await sql.query(tables)).rows).toEqual([{ left: 0 }]);
  const roles = await sql.query("select rolname from pg_roles where rolname like 'app\\_%'");
  expect(roles.rows).toEqual([]);
});

test('names are read with commas between, and one that is none is told', () => {
  expect(readParts('events, stripe')).toEqual(['stripe', 'events']);
  expect(readParts('stripes')).toEqual({ unknown: 'stripes' });
});
