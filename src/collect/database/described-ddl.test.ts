import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Replica, ReplicaDatabase } from '../../core/ports.ts';
import { describedTable } from '../../model/database/described.ts';
import type { Column, DatabaseModel, Policy, Table } from '../../model/database/types.ts';
import { startReplica } from '../../prove/replica/start.ts';
import { readCatalog } from './catalog.ts';
import type { Described } from './described-ddl.ts';
import { replayMigrations, type Replayed } from './replay.ts';

let replica: Replica;

beforeAll(async () => {
  replica = await startReplica();
});

afterAll(async () => {
  await replica.stop();
});

function column(name: string, type: string, more: Partial<Column> = {}): Column {
  return { name, type, notNull: false, hasDefault: false, generated: false, ...more };
}

function table(name: string, columns: readonly Column[], more: Partial<Table> = {}): Table {
  return {
    ...describedTable,
    name,
    schema: 'public',
    columns,
    primaryKey: ['id'],
    uniqueKeys: [['id']],
    foreignKeys: [],
    definedAt: { file: 'db/schema.ts', line: 3 },
    ...more,
  };
}

const id = column('id', 'uuid', { notNull: true, hasDefault: true });

const described: Described = {
  enums: [{ name: 'Stage', values: ['won', 'lost'] }],
  tables: [
    table(
      'deals',
      [id, column('firm_id', 'uuid', { notNull: true }), column('stage', 'Stage'), column('map', 'geometry')],
      {
        foreignKeys: [
          { name: 'firm', columns: ['firm_id'], table: 'firms', referencedColumns: ['id'], onDelete: 'cascade' },
        ],
      },
    ),
    table('firms', [id, column('name', 'text')]),
  ],
};

const policy: Policy = {
  name: 'own firm',
  table: 'firms',
  command: 'select',
  permissive: true,
  roles: ['authenticated'],
  using: `id = (auth.jwt() ->> 'firm')::uuid`,
};

async function replay(
  texts: readonly string[],
  base: Described | undefined,
  platform: 'plain' | 'supabase' = 'plain',
): Promise<Replayed & { readonly catalog: DatabaseModel; readonly database: ReplicaDatabase }> {
  const database = await replica.createDatabase();
  const files = texts.map((text, index) => ({ file: `${index + 1}.sql`, text }));
  const replayed = await replayMigrations(database.sql, files, platform, base);
  return { ...replayed, catalog: await readCatalog(database.sql, platform, replayed.places), database };
}

describe('tables that only the code describes', () => {
  test('stand with their types, keys and places where there are no migrations', async () => {
    const { catalog, gaps } = await replay([], described);
    const deals = catalog.tables.find(({ name }) => name === 'deals');
    expect(deals?.columns.map(({ type }) => type)).toEqual(['uuid', 'uuid', '"Stage"', 'text']);
    expect(deals?.foreignKeys).toMatchObject([{ columns: ['firm_id'], table: 'firms', onDelete: 'cascade' }]);
    expect(deals?.definedAt).toEqual({ file: 'db/schema.ts', line: 3 });
    expect(gaps.map(({ reason }) => reason)).toEqual([
      expect.stringContaining("tables 'deals', 'firms': made as the code"),
    ]);
  });

  test('are made when a migration misses them, and what it adds to them is there already', async () => {
    const { report, catalog, gaps } = await replay(
      [
        'alter table deals add column stage "Stage"; create index on deals (firm_id); create view won as select * from deals;',
      ],
      described,
    );
    expect(report.failed).toEqual([]);
    expect(catalog.views.map(({ name }) => name)).toEqual(['won']);
    expect(gaps).toHaveLength(1);
  });

  test('are not made when the migrations make them', async () => {
    const own = 'create table firms (id uuid primary key); create table deals (id uuid primary key, firm_id uuid);';
    const { catalog, gaps, report } = await replay([own, 'alter table deals add column firm_id uuid;'], described);
    expect(catalog.tables.find(({ name }) => name === 'deals')?.columns).toHaveLength(2);
    expect(gaps).toEqual([]);
    expect(report.failed).toMatchObject([{ file: '2.sql', sqlstate: '42701' }]);
  });

  test('are untold unless the schema tells policies, and then only where one cannot be read', async () => {
    const firms = (using: string): typeof described => ({
      enums: [],
      tables: [table('firms', [id], { rowSecurity: true, policies: [{ ...policy, using }] }), table('tariffs', [id])],
    });
    expect((await replay([], described)).untold).toEqual(new Set(['deals', 'firms']));
    const told = await replay([], firms(policy.using ?? ''), 'supabase');
    expect(told.untold).toEqual(new Set());
    expect(told.catalog.tables.find(({ name }) => name === 'firms')).toMatchObject({
      rowSecurity: true,
      policies: [{ name: 'own firm', roles: ['authenticated'] }],
    });
    expect((await replay([], firms('drydock_unreadable()'), 'supabase')).untold).toEqual(new Set(['firms']));
  });
});

describe('what migrations take for granted', () => {
  test('is a session of its own for each file: a dump leaves no settings behind', async () => {
    const { report } = await replay(
      [
        `select pg_catalog.set_config('search_path', '', false); create table public.firms (id uuid);`,
        'create table deals (id uuid);',
      ],
      undefined,
    );
    expect(report.failed).toEqual([]);
  });

  test('is a role that is made elsewhere: it gets what they grant, and no more', async () => {
    const { report, catalog, gaps } = await replay(
      ['create table firms (id uuid); grant select on firms to clerk_of_firm;'],
      undefined,
    );
    expect(report.failed).toEqual([]);
    expect(catalog.roles.find(({ name }) => name === 'clerk_of_firm')).toMatchObject({
      superuser: false,
      login: false,
    });
    expect(gaps).toMatchObject([{ reason: expect.stringContaining("'clerk_of_firm'"), file: '1.sql', line: 1 }]);
  });
});

describe('a table that the code describes, and that was written down after it was used', () => {
  const early = `
create function tell() returns trigger language plpgsql as $$ begin return new; end $$;
create trigger told after insert on deals for each row execute function tell();
alter table deals add column note text;`;
  const later = `
create table firms (id uuid primary key, name text);
create table if not exists deals (id uuid primary key, firm_id uuid not null references firms (id), note text);
alter table deals enable row level security;
create policy own on deals using (note is null);`;

  test('is made as it is written down, and what it refers to with it', async () => {
    const { report, catalog, untold, gaps } = await replay([early, later], described);
    expect(report.failed).toEqual([]);
    expect([[...untold], gaps]).toEqual([[], []]);
    const deals = catalog.tables.find(({ name }) => name === 'deals');
    expect(deals?.columns.map(({ name }) => name)).toEqual(['id', 'firm_id', 'note']);
    expect(deals?.foreignKeys.map(({ table: other }) => other)).toEqual(['firms']);
    expect(deals?.policies.map(({ name }) => name)).toEqual(['own']);
    expect(deals?.triggers?.map(({ name }) => name)).toEqual(['told']);
  });

  test('is made like that for a function that gives its rows, too', async () => {
    const gives = 'create function newest() returns deals language sql as $$ select * from deals limit 1 $$;';
    const { report, catalog, untold } = await replay([gives, later], described);
    expect(report.failed).toEqual([]);
    expect([...untold]).toEqual([]);
    expect(catalog.tables.find(({ name }) => name === 'deals')?.policies.map(({ name }) => name)).toEqual(['own']);
  });

  test('is made again where it was dropped in between', async () => {
    const { report, catalog } = await replay([early, 'drop table deals;', later], described);
    expect(report.failed).toEqual([]);
    expect(catalog.tables.find(({ name }) => name === 'deals')?.triggers ?? []).toEqual([]);
  });

  test('is missed where the code knows nothing of it: no migration runs before what it needs', async () => {
    const { report } = await replay([early, later], undefined);
    expect(report.failed.map(({ file, sqlstate }) => [file, sqlstate])).toEqual([
      ['1.sql', '42P01'],
      ['1.sql', '42P01'],
    ]);
  });

  test('waits for its own migration where only a key of another described table leads to it', async () => {
    const makesFirms = 'create table firms (id uuid primary key, city text);';
    const { catalog, untold } = await replay(['alter table deals add column note text;', makesFirms], described);
    expect([...untold]).toEqual(['deals']);
    const firms = catalog.tables.find(({ name }) => name === 'firms');
    expect(firms?.columns.map(({ name }) => name)).toEqual(['id', 'city']);
    const deals = catalog.tables.find(({ name }) => name === 'deals');
    expect(deals?.foreignKeys.map(({ table: other }) => other)).toEqual(['firms']);
  });
});
