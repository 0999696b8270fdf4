import type pg from 'pg';
import Cursor from 'pg-cursor';
import { own } from './model.ts';
import type { Ask, Asker, ClientScript, Scenario } from './model.ts';

const ann: Asker = { user: 'ann', tenant: 'acme' };
const bob: Asker = { user: 'bob', tenant: 'globex' };
const stranger: Asker = { user: 'eve', tenant: 'globex' };

const all = 'select number from invoices';
const fails = 'select boom from invoices';

function client(name: string, as: Asker, run: ClientScript['run']): ClientScript {
  return { name, as, run };
}

const annReads = client('ann', ann, (pool, ask) => ask(own, pool.query(all)));
const bobReads = client('bob', bob, (pool, ask) => ask(own, pool.query(all)));
const strangerReads = client('a stranger', stranger, (pool, ask) => ask('not-a-member', pool.query(all)));
const annFails = client('ann, failing', ann, (pool, ask) => ask('22012', pool.query(fails)));
const bobTwice = client('bob, twice', bob, async (pool, ask) => {
  await ask(own, pool.query(all));
  await ask(own, pool.query(all));
});
const annInTransaction = client('ann, in a transaction', ann, (pool, ask) => transaction(pool, ask));
const annSeveral = client('ann, several', ann, async (pool, ask) => {
  const results: unknown = await pool.query(`${all}; ${all}`);
  const answers = Array.isArray(results) ? results : [undefined, undefined];
  await ask(own, Promise.resolve(answers[0]));
  await ask(own, Promise.resolve(answers[1]));
});
const annCursor = client('ann, with a cursor', ann, (pool, ask) => cursor(pool, ask));
const strangerCursor = client('a stranger, with a cursor', stranger, async pool => {
  const taken = await take(pool);
  const code = await taken
    .query(new Cursor(all))
    .read(1)
    .then(
      () => 'let through',
      (error: Error & { code?: string }) => error.code ?? error.message,
    );
  taken.release();
  if (code !== 'not-a-member') throw new Error(code);
});
const annLeaves = client('ann, who does not wait', ann, async (pool, ask, pause) => {
  const taken = await take(pool);
  const answer = ask(own, taken.query({ text: all, query_timeout: 50 } as pg.QueryConfig));
  await pause();
  taken.release();
  await answer;
});
const annLeavesOpen = client('ann, who leaves a failed transaction open', ann, async (pool, ask, pause) => {
  const taken = await take(pool);
  const begun = taken.query('begin').catch(() => undefined);
  const answer = ask('22012', taken.query(fails));
  await pause();
  taken.release();
  await Promise.all([begun, answer]);
});
const annDestroys = client('ann, who destroys', ann, async (pool, ask, pause) => {
  const taken = await take(pool);
  const answer = ask(own, taken.query(all));
  await pause();
  taken.release(true);
  await answer;
});

/** Takes a connection as node-postgres asks it of its users: with a listener for its loss. */
async function take(pool: pg.Pool): Promise<pg.PoolClient> {
  const taken = await pool.connect();
  taken.on('error', () => {});
  return taken;
}

async function transaction(pool: pg.Pool, ask: Ask): Promise<void> {
  const taken = await take(pool);
  let failure: unknown = true;
  try {
    await taken.query('begin');
    await ask(own, taken.query(all));
    await ask('22012', taken.query(fails));
    await ask('25P02', taken.query(all));
    await taken.query('rollback');
    failure = undefined;
  } finally {
    taken.release(failure as Error | undefined);
  }
}

async function cursor(pool: pg.Pool, ask: Ask): Promise<void> {
  const taken = await take(pool);
  let failure: unknown = true;
  try {
    const reader = taken.query(new Cursor(all));
    const both = async (): Promise<unknown> => [...(await reader.read(1)), ...(await reader.read(9))];
    await ask(own, both());
    failure = undefined;
  } finally {
    taken.release(failure as Error | undefined);
  }
}

const small: readonly Scenario[] = [
  {
    name: 'three askers on one connection that may drop',
    connections: 1,
    drops: 1,
    clients: [annReads, strangerReads, bobReads],
  },
  {
    name: 'a failing statement, a refusal and a reader behind a pooler',
    connections: 1,
    drops: 1,
    clients: [annFails, strangerReads, bobReads],
    options: { pooler: 'transaction' },
  },
  {
    name: 'two connections, and one of them may drop',
    connections: 2,
    drops: 1,
    clients: [annReads, bobReads],
  },
  {
    name: 'two connections, replies one by one or together',
    connections: 2,
    network: 'pieces or all',
    clients: [annFails, bobReads],
  },
  {
    name: 'a transaction with an error in it, and another tenant behind it',
    connections: 1,
    drops: 1,
    clients: [annInTransaction, bobTwice],
  },
  {
    name: 'a transaction that is left open at any point, and another tenant behind it',
    connections: 1,
    drops: 1,
    clients: [annLeavesOpen, bobReads],
  },
  {
    name: 'several statements in one text',
    connections: 1,
    drops: 1,
    network: 'pieces or all',
    clients: [annSeveral, bobReads],
  },
  {
    // No drops: pg-cursor forgets its reader when the connection ends between its last row and ReadyForQuery, guard or not.
    name: 'a cursor, and another tenant behind it',
    connections: 1,
    network: 'pieces or all',
    clients: [annCursor, bobReads],
  },
  {
    name: 'a cursor that is refused, and another tenant behind it',
    connections: 1,
    drops: 1,
    clients: [strangerCursor, bobReads],
  },
  {
    name: 'a member who is removed at any point',
    connections: 1,
    removable: bob,
    clients: [annReads, bobTwice],
  },
  {
    name: 'a time limit that runs out at any point',
    connections: 1,
    timers: true,
    clients: [annLeaves, bobReads],
  },
  {
    name: 'a connection that is destroyed at any point',
    connections: 1,
    lossy: true,
    clients: [annDestroys, bobTwice],
  },
  {
    name: 'opening, with the self-test, and connections that drop in it',
    connections: 2,
    opened: false,
    network: 'all',
    drops: 1,
    clients: [annReads, bobReads],
  },
  {
    name: 'byte by byte, and a drop at every byte',
    connections: 1,
    drops: 1,
    network: 'bytes',
    clients: [annReads],
  },
];

const wide: readonly Scenario[] = [
  {
    name: 'four askers on one connection, two drops',
    connections: 1,
    drops: 2,
    clients: [annReads, strangerReads, bobTwice, annFails],
  },
  {
    name: 'three askers on two connections that may drop',
    connections: 2,
    drops: 1,
    network: 'all',
    clients: [annFails, bobReads, strangerReads],
  },
  {
    name: 'three askers on two connections, piece by piece',
    connections: 2,
    clients: [annFails, bobReads, strangerReads],
  },
  {
    name: 'a transaction beside another tenant, on two connections that may drop',
    connections: 2,
    drops: 1,
    network: 'all',
    clients: [annInTransaction, bobTwice],
  },
  {
    name: 'a time limit that runs out, and a connection that drops',
    connections: 1,
    timers: true,
    drops: 1,
    clients: [annLeaves, bobTwice],
  },
  {
    name: 'opening piece by piece, with the self-test',
    connections: 1,
    opened: false,
    drops: 2,
    clients: [annReads, bobReads, strangerReads],
  },
];

/** The worlds of the test, small enough to try every order in seconds; and wider ones for the bench. */
export const scenarios = { small, wide };
