import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Replica, ReplicaDatabase } from '../../core/ports.ts';
import { readCatalog } from '../../collect/database/catalog.ts';
import type { DatabaseModel } from '../../model/database/types.ts';
import { inferTenancy } from '../../model/tenancy/infer.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';
import { synthesizeRows } from '../exploit/seed.ts';
import type { Seed } from '../exploit/seed-types.ts';
import { startReplica } from '../replica/start.ts';
import { canaryText } from './canary.ts';
import type { Lab } from './lab.ts';
import { createMarkFinder } from './marks.ts';
import { createPrincipal, type PrincipalName } from './principals.ts';
import type { Expectation, HttpStep, Replay, ReplayValue } from './replay.ts';
import { judgeReplay } from './runtime.ts';
import { takeSnapshot } from './state.ts';

const schema = `
  create table teams (id uuid primary key default gen_random_uuid(), name text not null);
  create table users (id uuid primary key default gen_random_uuid(), email text not null unique);
  create table members (team_id uuid not null references teams, user_id uuid not null references users, role text not null default 'member', primary key (team_id, user_id));
  create table notes (id uuid primary key default gen_random_uuid(), team_id uuid not null references teams, body text not null);
  create table comments (id uuid primary key default gen_random_uuid(), team_id uuid not null references teams, note_id uuid not null references notes, text text not null);
`;

let replica: Replica;
let database: ReplicaDatabase;
let model: DatabaseModel;
let tenancy: TenancyModel;
let seed: Seed;
let server: Server;
let lab: Lab;

/** A notes app of a few lines: every caller is a member of team A; paths under /safe look at the team, the others do not. */
async function answer(
  request: IncomingMessage,
): Promise<{ readonly status: number; readonly body: unknown; readonly headers?: Record<string, string> }> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const { sql } = database;
  const team = seed.tenants.A?.tenantId ?? '';
  const id = url.searchParams.get('id') ?? '';
  switch (url.pathname) {
    case '/note':
      return { status: 200, body: (await sql.query('select body from notes where id = $1', [id])).rows };
    case '/safe/note': {
      const { rows } = await sql.query('select body from notes where id = $1 and team_id = $2', [id, team]);
      return rows.length === 0 ? { status: 404, body: {} } : { status: 200, body: rows };
    }
    case '/told-apart': {
      const { rows } = await sql.query('select team_id from notes where id = $1', [id]);
      return rows.length === 0
        ? { status: 404, body: {} }
        : { status: rows[0]?.['team_id'] === team ? 200 : 403, body: {} };
    }
    case '/count':
      return { status: 200, body: (await sql.query('select count(*) from notes')).rows };
    case '/safe/count':
      return { status: 200, body: (await sql.query('select count(*) from notes where team_id = $1', [team])).rows };
    case '/rename':
      return {
        status: 200,
        body: { ok: (await sql.query(`update notes set body = 'renamed' where id = $1`, [id])).rowCount > 0 },
      };
    case '/safe/rename':
      return {
        status: 200,
        body: {
          ok:
            (await sql.query(`update notes set body = 'renamed' where id = $1 and team_id = $2`, [id, team])).rowCount >
            0,
        },
      };
    case '/comment':
      await sql.query(`insert into comments (team_id, note_id, text) values ($1, $2, 'hello')`, [team, id]);
      return { status: 201, body: {} };
    case '/public-cache':
      return {
        status: 200,
        body: (await sql.query('select body from notes where team_id = $1', [team])).rows,
        headers: { 'cache-control': 'public, max-age=60' },
      };
    default:
      return { status: 404, body: {} };
  }
}

beforeAll(async () => {
  replica = await startReplica();
  database = await replica.createDatabase();
  await database.sql.query(schema);
  model = await readCatalog(database.sql, 'plain');
  tenancy = inferTenancy(model);
  seed = await synthesizeRows({
    sql: database.sql,
    database: model,
    tenancy,
    tenants: ['A', 'B', 'C'],
    usersPerTenant: 2,
    outsiders: false,
    canary: canaryText,
  });
  server = createServer((request, response) => {
    void answer(request).then(({ status, body, headers }) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clean = await takeSnapshot(database.sql, model);
  lab = {
    appRoot: '/nowhere',
    baseUrl,
    sql: database.sql,
    database: model,
    tenancy,
    seed,
    environment: {},
    credentials: {},
    manifests: { buildId: '', routes: [], actions: [] },
    codec: { encode: () => Promise.resolve(''), decode: () => Promise.resolve(undefined) },
    marks: createMarkFinder({ database: model, tenancy, seed, clean }),
    outgoing: [],
    clean,
    principal: (name: PrincipalName) => createPrincipal(name, undefined, baseUrl),
  };
}, 60_000);

afterAll(async () => {
  await new Promise(resolve => server.close(resolve));
  await replica.stop();
});

function ask(pattern: string, id: ReplayValue, expectation: Expectation, method = 'GET'): Replay {
  const step: HttpStep = { kind: 'http', as: 'A.users.0', method, pattern, params: {}, query: { id }, headers: {} };
  const missing: HttpStep = { ...step, query: { id: { ref: 'missing.notes.id' } } };
  const steps =
    expectation.kind === 'independent'
      ? [step, step, step]
      : expectation.kind === 'same-as-missing'
        ? [missing, step]
        : [step];
  return { kind: 'http', steps, expect: expectation };
}

const foreign = { ref: 'B.notes.0.id' };

test("another tenant's row in an answer is a leak, and a row of one's own is none", async () => {
  expect(await judgeReplay(lab, ask('/note', foreign, { kind: 'isolated' }))).toMatchObject({
    leaked: true,
    oracle: 'foreign-canary',
    table: 'notes',
  });
  expect(await judgeReplay(lab, ask('/note', { ref: 'A.notes.0.id' }, { kind: 'isolated' }))).toMatchObject({
    leaked: false,
  });
  expect(await judgeReplay(lab, ask('/safe/note', foreign, { kind: 'isolated' }))).toMatchObject({ leaked: false });
});

test('a changed row of another tenant is a leak although the answer says nothing, and is put back', async () => {
  expect(await judgeReplay(lab, ask('/rename', foreign, { kind: 'isolated' }, 'POST'))).toMatchObject({
    leaked: true,
    oracle: 'state-change',
    table: 'notes',
  });
  expect(await judgeReplay(lab, ask('/safe/rename', foreign, { kind: 'isolated' }, 'POST'))).toMatchObject({
    leaked: false,
  });
  expect((await database.sql.query(`select 1 from notes where body = 'renamed'`)).rowCount).toBe(0);
});

test("a row of one's own that points at another tenant's row is a leak", async () => {
  expect(await judgeReplay(lab, ask('/comment', foreign, { kind: 'isolated' }, 'POST'))).toMatchObject({
    leaked: true,
    oracle: 'state-change',
    table: 'comments',
  });
  expect(await judgeReplay(lab, ask('/comment', { ref: 'A.notes.0.id' }, { kind: 'isolated' }, 'POST'))).toMatchObject({
    leaked: false,
  });
});

test('403 against 404 tells that a row exists; the same answer for both tells nothing', async () => {
  expect(await judgeReplay(lab, ask('/told-apart', foreign, { kind: 'same-as-missing' }))).toMatchObject({
    leaked: true,
    oracle: 'difference',
  });
  expect(await judgeReplay(lab, ask('/safe/note', foreign, { kind: 'same-as-missing' }))).toMatchObject({
    leaked: false,
  });
});

test('a count over all tenants changes with their rows; a count over one does not', async () => {
  expect(await judgeReplay(lab, ask('/count', null, { kind: 'independent' }))).toMatchObject({
    leaked: true,
    oracle: 'difference',
  });
  expect(await judgeReplay(lab, ask('/safe/count', null, { kind: 'independent' }))).toMatchObject({ leaked: false });
});

test('a personal answer that a shared cache may keep is a leak', async () => {
  expect(await judgeReplay(lab, ask('/public-cache', null, { kind: 'not-shared' }))).toMatchObject({ leaked: true });
  expect(await judgeReplay(lab, ask('/safe/count', null, { kind: 'not-shared' }))).toMatchObject({ leaked: false });
});

test('a replay that names a row nobody has says so instead of passing', async () => {
  const replay: Replay = {
    kind: 'http',
    steps: [
      {
        kind: 'http',
        as: 'A.users.0',
        method: 'GET',
        pattern: '/notes/[id]',
        params: { id: { ref: 'B.drafts.0.id' } },
        query: {},
        headers: {},
      },
    ],
    expect: { kind: 'isolated' },
  };
  expect(await judgeReplay(lab, replay)).toEqual({ unsent: 'no value for the path of /notes/[id]' });
});
