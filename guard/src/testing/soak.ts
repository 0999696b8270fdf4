import type pg from 'pg';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import { isGuardError } from '../errors.ts';
import { asTenant, asUser } from '../modes.ts';
import { currentScope, tenantOf } from '../scope.ts';

/** One soak: many clients of several tenants on few connections, each answer compared with what its tenant may see. */
export interface Soak {
  readonly pool: pg.Pool;
  /** A pool of the owner, to cancel what runs, straight to the server. */
  readonly owner: pg.Pool;
  readonly operations: number;
  readonly clients: number;
  readonly seed: number;
}

/** What a soak saw. `wrong` tells each answer that was not the tenant's own. */
export interface SoakResult {
  readonly operations: number;
  readonly wrong: readonly string[];
  readonly byKind: Readonly<Record<string, number>>;
  readonly elapsedMs: number;
}

interface Tenant {
  readonly id: string;
  readonly user: string;
}

const tenants: readonly Tenant[] = Array.from({ length: 8 }, (_, index) => ({
  id: `00000000-0000-4000-9000-0000000000${String(index).padStart(2, '0')}`,
  user: `00000000-0000-4000-a000-0000000000${String(index).padStart(2, '0')}`,
}));
const rowsOfTenant = 20;

/** Makes the tenants of the soak in the schema of `makeTenants`. */
export async function prepareSoak(owner: pg.Pool): Promise<void> {
  for (const { id, user } of tenants) {
    await owner.query('insert into memberships (user_id, tenant_id) values ($1, $2)', [user, id]);
    await owner.query(
      `insert into invoices (tenant_id, number, cents) select $1, 's' || n, 0 from generate_series(1, $2::int) as n`,
      [id, rowsOfTenant],
    );
  }
}

/** Runs the operations, and says which answers were wrong. */
export async function soak(options: Soak): Promise<SoakResult> {
  const start = Date.now();
  const wrong: string[] = [];
  const byKind: Record<string, number> = {};
  const random = randomOf(options.seed);
  let done = 0;
  const client = async (): Promise<void> => {
    while (done < options.operations) {
      done += 1;
      const kind = pick(kinds, random());
      byKind[kind.name] = (byKind[kind.name] ?? 0) + 1;
      const problem = await kind.run(pickOne(tenants, random()), pickOne(tenants, random()), options).catch(unexpected);
      if (problem !== undefined) wrong.push(`${kind.name}: ${problem}`);
    }
  };
  await Promise.all(Array.from({ length: options.clients }, client));
  return { operations: done, wrong, byKind, elapsedMs: Date.now() - start };
}

interface Kind {
  readonly name: string;
  readonly weight: number;
  run(tenant: Tenant, other: Tenant, options: Soak): Promise<string | undefined>;
}

const kinds: readonly Kind[] = [
  { name: 'read', weight: 40, run: (tenant, _, { pool }) => as(tenant, () => reads(pool, tenant)) },
  { name: 'read by id of another', weight: 10, run: readForeign },
  { name: 'write', weight: 10, run: (tenant, _, { pool }) => as(tenant, () => writes(pool, tenant)) },
  { name: 'write of another', weight: 6, run: writeForeign },
  { name: 'insert for another', weight: 4, run: insertForeign },
  { name: 'failing statement', weight: 8, run: fails },
  { name: 'transaction with savepoint', weight: 8, run: transaction },
  { name: 'several statements', weight: 3, run: several },
  { name: 'cursor', weight: 3, run: cursor },
  { name: 'query in a callback', weight: 4, run: inCallback },
  { name: 'stream of rows', weight: 2, run: streams },
  { name: 'transaction left open', weight: 2, run: leavesOpen },
  { name: 'no member', weight: 5, run: noMember },
  { name: 'user without tenant', weight: 3, run: (tenant, _, { pool }) => withoutTenant(tenant, pool) },
  { name: 'cancelled', weight: 0.5, run: cancelled },
  { name: 'reconnect', weight: 0.5, run: reconnect },
];

function as<T>(tenant: Tenant, work: () => Promise<T>): Promise<T> {
  return asTenant({ user: tenant.user, tenant: tenant.id }, work);
}

interface Row {
  readonly tenant_id: string;
  readonly number: string;
}

const all = 'select tenant_id, number from invoices';

function judged(rows: readonly Row[], tenant: Tenant): string | undefined {
  const foreign = rows.filter(row => row.tenant_id !== tenant.id).length;
  if (foreign > 0) return `${foreign} rows of another tenant`;
  return rows.length >= rowsOfTenant ? undefined : `${rows.length} rows instead of ${rowsOfTenant} or more`;
}

async function reads(pool: Pick<pg.Pool, 'query'>, tenant: Tenant): Promise<string | undefined> {
  return judged((await pool.query<Row>(all)).rows, tenant);
}

async function readForeign(tenant: Tenant, other: Tenant, { pool }: Soak): Promise<string | undefined> {
  const { rows } = await as(tenant, () => pool.query<Row>(`${all} where tenant_id = $1`, [other.id]));
  return tenant === other ? judged(rows, tenant) : expectNone(rows.length);
}

async function writes(pool: Pick<pg.Pool, 'query'>, tenant: Tenant): Promise<string | undefined> {
  const { rows } = await pool.query<Row>('update invoices set cents = cents + 1 returning tenant_id, number');
  return judged(rows, tenant);
}

async function writeForeign(tenant: Tenant, other: Tenant, { pool }: Soak): Promise<string | undefined> {
  const text = 'update invoices set cents = 666 where tenant_id = $1 and $2::uuid <> $1';
  return expectNone((await as(tenant, () => pool.query(text, [other.id, tenant.id]))).rowCount ?? 0);
}

async function insertForeign(tenant: Tenant, other: Tenant, { pool }: Soak): Promise<string | undefined> {
  if (tenant === other) return undefined;
  const text = 'insert into invoices (tenant_id, number, cents) values ($1, gen_random_uuid()::text, 1)';
  return expectCode('42501', () => as(tenant, () => pool.query(text, [other.id])));
}

async function fails(tenant: Tenant, _: Tenant, { pool }: Soak): Promise<string | undefined> {
  return expectCode('22012', () => as(tenant, () => pool.query('select 1 / (cents - cents) from invoices')));
}

async function transaction(tenant: Tenant, _: Tenant, { pool }: Soak): Promise<string | undefined> {
  return as(tenant, async () => {
    const client = await pool.connect();
    try {
      await client.query('begin');
      const before = await reads(client, tenant);
      await client.query('savepoint s');
      const failed = await expectCode('22012', () => client.query('select 1 / (cents - cents) from invoices'));
      await client.query('rollback to savepoint s');
      const inside = await writes(client, tenant);
      await client.query('rollback');
      return before ?? failed ?? inside ?? (await reads(client, tenant));
    } finally {
      client.release();
    }
  });
}

async function several(tenant: Tenant, _: Tenant, { pool }: Soak): Promise<string | undefined> {
  const results: unknown = await as(tenant, () => pool.query(`${all}; ${all}`));
  if (!Array.isArray(results) || results.length !== 2) return 'not two results';
  return judged((results[0] as { rows: Row[] }).rows, tenant) ?? judged((results[1] as { rows: Row[] }).rows, tenant);
}

async function cursor(tenant: Tenant, _: Tenant, { pool }: Soak): Promise<string | undefined> {
  return as(tenant, async () => {
    const client = await pool.connect();
    try {
      const reader = client.query(new Cursor<Row>(`${all} limit ${rowsOfTenant}`));
      const first = await reader.read(7);
      const rest = await reader.read(1000);
      await reader.close();
      return judged([...first, ...rest], tenant);
    } finally {
      client.release();
    }
  });
}

async function inCallback(tenant: Tenant, _: Tenant, { pool }: Soak): Promise<string | undefined> {
  const asked = new Promise<Promise<string | undefined>>((done, fail) => {
    void as(tenant, async () => {
      pool.query('select 1 from invoices limit 1', error =>
        error instanceof Error ? fail(error) : done(reads(pool, tenant)),
      );
    });
  });
  const inner = await asked;
  return inner;
}

async function streams(tenant: Tenant, _: Tenant, { pool }: Soak): Promise<string | undefined> {
  return as(tenant, async () => {
    const client = await pool.connect();
    try {
      const rows: Row[] = [];
      const scopes = new Set<string | undefined>();
      await new Promise<void>((done, fail) => {
        const stream = client.query(new QueryStream(`${all} limit ${rowsOfTenant}`));
        stream.on('data', (row: Row) => {
          rows.push(row);
          scopes.add(tenantHere());
        });
        stream.on('end', () => done()).on('error', fail);
      });
      return scopes.size === 1 && scopes.has(tenant.id) ? judged(rows, tenant) : 'rows told in another scope';
    } finally {
      client.release();
    }
  });
}

function tenantHere(): string | undefined {
  const scope = currentScope();
  return scope && tenantOf(scope);
}

/** What the next one writes must not be lost in a transaction that somebody began and did not wait for. */
async function leavesOpen(tenant: Tenant, _: Tenant, { pool, owner }: Soak): Promise<string | undefined> {
  const number = `kept-${Math.random().toString(36).slice(2)}`;
  await as(tenant, async () => {
    const client = await pool.connect();
    for (const text of ['begin', 'update invoices set cents = cents']) client.query(text).catch(() => undefined);
    client.release();
    await pool.query('insert into invoices (tenant_id, number, cents) values ($1, $2, 0)', [tenant.id, number]);
  });
  const kept = await owner.query('delete from invoices where number = $1', [number]);
  return kept.rowCount === 1 ? undefined : 'a row that was written is lost';
}

async function noMember(tenant: Tenant, other: Tenant, { pool }: Soak): Promise<string | undefined> {
  if (tenant === other) return undefined;
  const outside = { user: tenant.user, id: other.id };
  return expectCode('not-a-member', () => as(outside, () => reads(pool, other)));
}

async function withoutTenant(tenant: Tenant, pool: pg.Pool): Promise<string | undefined> {
  return expectNone((await asUser(tenant.user, () => pool.query(all))).rowCount ?? 0);
}

async function cancelled(tenant: Tenant, _: Tenant, { pool, owner }: Soak): Promise<string | undefined> {
  const mark = `sleep-${Math.random().toString(36).slice(2)}`;
  const slow = expectCode('57014', () => as(tenant, () => pool.query(`select pg_sleep(5), '${mark}' from currencies`)));
  let cancelling = true;
  const settled = slow.finally(() => {
    cancelling = false;
  });
  while (cancelling) {
    await owner.query(
      "select pg_cancel_backend(pid) from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like $1",
      [`select pg_sleep(5), '${mark}'%`],
    );
    await new Promise(resolve => setTimeout(resolve, 5));
  }
  return settled;
}

async function reconnect(tenant: Tenant, _: Tenant, { pool }: Soak): Promise<string | undefined> {
  return as(tenant, async () => {
    const client = await pool.connect();
    const before = await reads(client, tenant);
    client.release(true);
    return before ?? reads(pool, tenant);
  });
}

function expectNone(rows: number): string | undefined {
  return rows === 0 ? undefined : `${rows} rows instead of none`;
}

async function expectCode(code: string, work: () => Promise<unknown>): Promise<string | undefined> {
  const outcome = await work().then(
    () => 'no error',
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
  );
  return outcome === code ? undefined : `${outcome} instead of ${code}`;
}

function unexpected(error: unknown): string {
  return isGuardError(error) ? `refused as ${error.code}` : String(error);
}

function pick(choices: readonly Kind[], at: number): Kind {
  const total = choices.reduce((sum, kind) => sum + kind.weight, 0);
  let left = at * total;
  return choices.find(kind => (left -= kind.weight) < 0) ?? (choices[0] as Kind);
}

function pickOne<T>(choices: readonly T[], at: number): T {
  return choices[Math.floor(at * choices.length)] as T;
}

/** Mulberry32: the same seed gives the same choices. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
