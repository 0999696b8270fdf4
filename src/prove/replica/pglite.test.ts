import { afterAll, describe, expect, test } from 'vitest';

import { lowerPolicies } from '../../collect/database/policies.ts';
import { readCatalog } from '../../collect/database/catalog.ts';
import { replayMigrations } from '../../collect/database/replay.ts';
import type { Cell } from '../../core/cell.ts';
import type { Replica } from '../../core/ports.ts';
import { inferTenancy } from '../../model/tenancy/infer.ts';
import { buildMatrix } from '../exploit/matrix.ts';
import { startReplicaOf } from './choose.ts';

const started: Replica[] = [];
const start = async (engine: 'native' | 'pglite'): Promise<Replica> => {
  const replica = await startReplicaOf(engine);
  started.push(replica);
  return replica;
};

afterAll(async () => {
  for (const replica of started) await replica.stop();
});

const clubs = `
create table clubs (id uuid primary key default gen_random_uuid(), name text not null);
create table seats (user_id uuid references auth.users on delete cascade, club_id uuid references clubs on delete cascade, role text not null default 'member', primary key (user_id, club_id));
create table minutes (id bigserial primary key, club_id uuid not null references clubs on delete cascade, body text not null, held date not null default current_date);
alter table clubs enable row level security;
alter table seats enable row level security;
alter table minutes enable row level security;
create policy "seats of mine" on seats for select to authenticated using (user_id = auth.uid());
create policy "minutes of my clubs" on minutes for select to authenticated using (club_id in (select club_id from seats where user_id = auth.uid()));
create policy "write" on minutes for insert to authenticated with check (true);
`;

async function cellsOn(engine: 'native' | 'pglite'): Promise<readonly unknown[]> {
  const database = await (await start(engine)).createDatabase();
  const { report } = await replayMigrations(database.sql, [{ file: '1.sql', text: clubs }], 'supabase');
  expect(report.failed).toEqual([]);
  const catalog = lowerPolicies(await readCatalog(database.sql, 'supabase'));
  const { cells } = await buildMatrix(database, catalog, inferTenancy(catalog));
  return cells.map(withoutTime);
}

function withoutTime(cell: Cell): unknown {
  return { ...cell, evidence: cell.evidence.map(({ elapsedMs, ...evidence }) => (elapsedMs < 0 ? {} : evidence)) };
}

describe('Postgres as WebAssembly', () => {
  test('answers as the native one does: values, counts, errors, databases of their own', async () => {
    const asked = async (engine: 'native' | 'pglite'): Promise<unknown> => {
      const replica = await start(engine);
      const { sql, name } = await replica.createDatabase();
      await sql.query(
        'create table t (n bigint, d timestamptz, j jsonb); insert into t values (1, $$2020-01-02Z$$, $${"a":[1]}$$)',
      );
      const changed = await sql.query('update t set n = n + $1', [1]);
      const { rows } = await sql.query(
        `select n, d::timestamp, j, 1.50::numeric as m, array['a','b'] as l, true as b from t`,
      );
      const other = await replica.createDatabase();
      const copy = await replica.createDatabase({ template: name });
      const copied = (await copy.sql.query('select n from t')).rows;
      const missing: unknown = await other.sql.query('select * from t').catch((thrown: unknown) => thrown);
      const code = missing instanceof Error && 'code' in missing ? [missing.code, missing.message] : missing;
      return { changed: changed.rowCount, rows, copied, code, version: replica.version.split('.')[0] };
    };
    expect(await asked('pglite')).toEqual(await asked('native'));
  }, 60_000);

  test('gives every cell the verdict and the transcript that the native one gives it', async () => {
    const [native, other] = [await cellsOn('native'), await cellsOn('pglite')];
    expect(other).toEqual(native);
    expect(native).toContainEqual(
      expect.objectContaining({ object: 'minutes', command: 'insert', role: 'authenticated', verdict: 'leaks' }),
    );
  }, 60_000);

  test('brings vectors, and says that no app can run on it', async () => {
    const database = await (await start('pglite')).createDatabase();
    const found = await database.sql.query(
      `create extension vector; select '[1,0]'::vector <-> '[0,0]'::vector as far`,
    );
    expect(found.rows).toEqual([{ far: 1 }]);
    expect(() => database.url).toThrow('cannot be reached');
  }, 60_000);
});
