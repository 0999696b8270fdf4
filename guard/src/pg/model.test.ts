import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { explore } from '../testing/explore.ts';
import { startWorld } from '../testing/model.ts';
import type { MakePool, Scenario } from '../testing/model.ts';
import { scenarios } from '../testing/scenarios.ts';
import { guardedPg, guardPool } from './pool.ts';
import { ScopedQuery } from './scoped-query.ts';
import { setterFailure } from './setter.ts';
import { Query } from './wire.ts';
import type { WireConnection } from './wire.ts';

const limit = 5_000;
const counted = new Map<string, number>();

describe('in every order in which replies, drops and clients may come, each client gets its own rows or the right refusal', () => {
  afterAll(() => {
    const total = [...counted.values()].reduce((sum, count) => sum + count, 0);
    process.stdout.write(`model: ${total} schedules of ${counted.size} worlds\n`);
  });

  test.each(worlds(scenarios.small))('%s', async (name, scenario) => {
    const seen = await explore(() => startWorld(scenario, guardPool), limit);
    counted.set(name, seen.schedules);
    expect(seen).toMatchObject({ problems: [], complete: true });
  });
});

describe('the same check finds', () => {
  test('a pool whose callbacks run in the context of whoever gave the connection back', async () => {
    const unbound: MakePool = (config, options) => new pg.Pool({ ...config, Client: guardedPg(options).Client });
    expect(await firstProblem(unbound)).toMatch(/saw|was let through|was refused/);
  });

  test('a query that leaves the ParseComplete of the setter to node-postgres', async () => {
    expect(await problemOf({ takesParseComplete: () => false })).toMatch(/was refused as '(?:26000|42P05)'/);
  });

  test('a setter under a Sync of its own', async () => {
    const prepare = original(ScopedQuery.prototype, 'prepare');
    const sync = Buffer.from([0x53, 0, 0, 0, 4]);
    const apart = function (this: ScopedQuery, connection: WireConnection): void {
      const early = Object.assign(Object.create(connection), {
        _send: (bytes: Uint8Array) => connection._send(afterFirstExecute(bytes, sync)),
      });
      prepare.call(this, early);
    };
    expect(await problemOf({ prepare: apart })).toMatch(/do not open|was refused|saw/);
  });

  test('a setting for the session instead of the statement', async () => {
    const parse = original(pg.Connection.prototype, 'parse');
    const forSession = function (this: pg.Connection, message: { text: string }): void {
      parse.call(this, { ...message, text: message.text.replaceAll(', true)', ', false)') });
    };
    const found = await mutated(pg.Connection.prototype, { parse: forSession }, () => firstProblem(guardPool));
    expect(found).toMatch(/was still set after its statement/);
  });

  test('a division by zero of the app taken for the refusal', async () => {
    const always = function (this: ScopedQuery, ...[error, connection]: Parameters<ScopedQuery['handleError']>): void {
      const membership = { table: 'members', user: 'user_id', tenant: 'tenant_id' };
      Query.prototype.handleError.call(this, setterFailure(error, membership), connection);
    };
    expect(await problemOf({ handleError: always })).toMatch(/was refused as 'not-a-member' instead of '22012'/);
  });
});

function worlds(all: readonly Scenario[]): readonly (readonly [string, Scenario])[] {
  return all.map(scenario => [scenario.name, scenario]);
}

/** The first thing that goes wrong in any of the worlds. */
async function firstProblem(makePool: MakePool): Promise<string | undefined> {
  for (const scenario of scenarios.small) {
    const { problems } = await explore(() => startWorld(scenario, makePool), limit, 1);
    if (problems[0] !== undefined) return problems[0];
  }
  return undefined;
}

function problemOf(change: object): Promise<string | undefined> {
  return mutated(ScopedQuery.prototype, change, () => firstProblem(guardPool));
}

type Method = (this: unknown, ...parameters: readonly unknown[]) => unknown;

function original(target: object, name: string): Method {
  return Reflect.get(target, name) as Method;
}

async function mutated<T>(target: object, change: object, work: () => Promise<T>): Promise<T> {
  const before = Object.fromEntries(Object.keys(change).map(name => [name, Reflect.get(target, name)]));
  Object.assign(target, change);
  try {
    return await work();
  } finally {
    Object.assign(target, before);
  }
}

/** The bytes with a Sync behind the first Execute: https://www.postgresql.org/docs/current/protocol-message-formats.html */
function afterFirstExecute(bytes: Uint8Array, sync: Buffer): Buffer {
  const all = Buffer.from(bytes);
  let at = 0;
  while (at < all.length && all.toString('latin1', at, at + 1) !== 'E') at += 1 + all.readInt32BE(at + 1);
  const end = at + 1 + all.readInt32BE(at + 1);
  return Buffer.concat([all.subarray(0, end), sync, all.subarray(end)]);
}
