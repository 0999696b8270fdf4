import { AsyncResource } from 'node:async_hooks';
import type { Duplex } from 'node:stream';
import type pg from 'pg';
import { asTenant } from '../modes.ts';
import type { GuardOptions } from '../pg/index.ts';
import { settled } from './explore.ts';
import type { Run, Step } from './explore.ts';
import { fakeBackend, memberOf, rowsOf } from './fake-backend.ts';
import type { FakeDatabase } from './fake-backend.ts';
import { FakeStream } from './fake-stream.ts';

/** A small world: a few clients on fewer connections, and what may go wrong in it. */
export interface Scenario {
  readonly name: string;
  readonly connections: number;
  readonly clients: readonly ClientScript[];
  /** How often the network may end a connection: at every point where it could. */
  readonly drops?: number;
  /** Whether connections are open before the clients start; else their opening and the self-test are explored too. */
  readonly opened?: boolean;
  /** How replies come: byte by byte, by what one statement answers, that or all that waits, or always all that waits. */
  readonly network?: 'bytes' | 'pieces' | 'pieces or all' | 'all';
  /** A member who may be removed at any point. */
  readonly removable?: Asker;
  /** Whether timers run out at any point: the time limit of a query. */
  readonly timers?: boolean;
  /** Whether clients give back or destroy what they took without waiting, so that others lose their connection. */
  readonly lossy?: boolean;
  readonly options?: Partial<GuardOptions>;
}

/** Who asks, and for which tenant. */
export interface Asker {
  readonly user: string;
  readonly tenant: string;
}

/** What one client does, and asks through `ask`, which judges each answer. After `pause` it goes on at any point. */
export interface ClientScript {
  readonly name: string;
  readonly as: Asker;
  run(pool: pg.Pool, ask: Ask, pause: () => Promise<void>): Promise<unknown>;
}

/** Judges an answer: rows must be the asker's own, all of them; a refusal must be the one that was to be. */
export type Ask = (expected: string, answer: Promise<unknown>) => Promise<unknown>;

/** Makes the pool of a world: the guard's, or a mutant of it. */
export type MakePool = (config: pg.PoolConfig, options: GuardOptions) => pg.Pool;

/** The rows that a client is to see. */
export const own = 'own rows';

interface Facts {
  lost: boolean;
  timedOut: boolean;
  removed: boolean;
}

/** Starts a world. */
export async function startWorld(scenario: Scenario, makePool: MakePool): Promise<Run> {
  const database: FakeDatabase = { members: new Set(), survived: [] };
  for (const asker of members) database.members.add(memberOf(asker.user, asker.tenant));
  const streams: FakeStream[] = [];
  const wrong: string[] = [];
  const facts: Facts = { lost: scenario.lossy === true, timedOut: false, removed: false };
  const open = (): Duplex => {
    const stream = new FakeStream(fakeBackend(database, 100 + streams.length));
    streams.push(stream);
    return stream as unknown as Duplex;
  };
  const restore = catchStrays(wrong);
  const timers = fakeTimers(scenario.timers === true);
  const pool = makePool(
    { max: scenario.connections, idleTimeoutMillis: 0, stream: open, user: 'app', password: '', ssl: false },
    { membership: { table: 'members', user: 'user_id', tenant: 'tenant_id' }, ...scenario.options },
  );
  pool.on('error', () => {});
  const opened =
    scenario.opened === false ||
    (await openAll(pool, scenario.connections, streams).catch((error: unknown) => String(error)));
  if (typeof opened === 'string') wrong.push(`the connections do not open: ${opened}`);
  const waiting = new Set(typeof opened === 'string' ? [] : scenario.clients);
  const running = new Set<string>();
  const paused = new Map<string, () => void>();
  let drops = scenario.drops ?? 0;

  const begin = (script: ClientScript): void => {
    waiting.delete(script);
    running.add(script.name);
    const ask: Ask = (expected, answer) => judged(answer, expected, script, facts, wrong);
    const pause = (): Promise<void> => new Promise(resolve => paused.set(script.name, resolve));
    const work = asTenant(script.as, () => script.run(pool, ask, pause)).catch((error: unknown) => {
      if (!isExcused(error, facts)) wrong.push(`'${script.name}' failed: ${String(error)}`);
    });
    void work.then(() => running.delete(script.name));
  };

  const steps = (): readonly Step[] => [
    ...[...waiting].slice(0, 1).map(script => ({ name: `'${script.name}' asks`, run: () => begin(script) })),
    ...[...paused].map(([name, goOn]) => ({
      name: `'${name}' goes on`,
      run: () => {
        paused.delete(name);
        goOn();
      },
    })),
    ...streams.flatMap((stream, index) => deliveries(stream, index, scenario.network)),
    ...(waiting.size === 0 && running.size === 0 ? [] : accidents()),
  ];

  const accidents = (): readonly Step[] => [
    ...(drops === 0 ? [] : streams.map((stream, index) => ({ stream, index })))
      .filter(({ stream }) => !stream.closed)
      .map(({ stream, index }) => ({
        name: `connection ${index} drops`,
        run: () => {
          drops -= 1;
          facts.lost = true;
          stream.drop();
        },
      })),
    ...(scenario.removable === undefined || facts.removed ? [] : [removal(scenario.removable, database, facts)]),
    ...timers.pending().map(run => ({
      name: 'a time limit runs out',
      run: () => {
        facts.timedOut = true;
        run();
      },
    })),
  ];

  return {
    steps,
    problem: async () => {
      for (const name of running) wrong.push(`'${name}' hangs`);
      for (const name of database.survived) wrong.push(`'${name}' was still set after a Sync`);
      if (running.size === 0) wrong.push(...(await endingOf(pool, streams)));
      timers.restore();
      await settled();
      restore();
      return wrong.length === 0 ? undefined : wrong.join('; ');
    },
  };
}

const members: readonly Asker[] = [
  { user: 'ann', tenant: 'acme' },
  { user: 'bob', tenant: 'globex' },
];

async function openAll(pool: pg.Pool, connections: number, streams: readonly FakeStream[]): Promise<boolean> {
  const [first] = members;
  if (first === undefined) return true;
  return asTenant(first, async () => {
    const taken = Promise.all(Array.from({ length: connections }, () => pool.connect()));
    await delivered(taken, streams);
    for (const client of await taken) client.release();
    return true;
  });
}

/** Delivers whatever waits, until something has settled or nothing helps any more. */
async function delivered(work: Promise<unknown>, streams: readonly FakeStream[]): Promise<boolean> {
  let done = false;
  const noted = (): void => {
    done = true;
  };
  void work.then(noted, noted);
  for (let rounds = 0; rounds < 40 && !done; rounds += 1) {
    await settled();
    for (const stream of streams) if (stream.waiting) stream.deliverAll();
  }
  return done;
}

async function endingOf(pool: pg.Pool, streams: readonly FakeStream[]): Promise<readonly string[]> {
  if (!(await delivered(pool.end(), streams))) return ['the pool does not end'];
  return pool.totalCount === 0 ? [] : [`${pool.totalCount} connections are left in the pool`];
}

function deliveries(stream: FakeStream, index: number, network: Scenario['network']): readonly Step[] {
  if (!stream.waiting) return [];
  const piece = {
    name: `connection ${index} answers`,
    run: () => stream.deliver(network === 'bytes' ? 1 : undefined),
  };
  const all = { name: `connection ${index} answers all`, run: () => stream.deliverAll() };
  if (network === 'all') return [all];
  return network === 'pieces or all' && stream.backend.pieces.length > 1 ? [piece, all] : [piece];
}

function removal(member: Asker, database: FakeDatabase, facts: Facts): Step {
  return {
    name: `${member.user} is removed`,
    run: () => {
      facts.removed = true;
      database.members.delete(memberOf(member.user, member.tenant));
    },
  };
}

async function judged(
  answer: Promise<unknown>,
  expected: string,
  script: ClientScript,
  facts: Facts,
  wrong: string[],
): Promise<unknown> {
  try {
    const result = await answer;
    const seen = numbersIn(result).join();
    const right = expected === own ? rowsOf(script.as.tenant).join() : '';
    if (expected !== own && expected !== 'nothing') wrong.push(`'${script.name}' was let through: ${seen}`);
    else if (seen !== right) wrong.push(`'${script.name}' saw '${seen}' instead of '${right}'`);
    return result;
  } catch (error) {
    const code = codeOf(error);
    if (code !== expected && !isExcused(error, facts)) {
      wrong.push(`'${script.name}' was refused as '${code}' instead of '${expected}'`);
    }
    return undefined;
  }
}

function numbersIn(result: unknown): readonly string[] {
  const rows = Array.isArray(result)
    ? result.flatMap((one: { rows?: unknown[] }) => one.rows ?? [one])
    : ((result as { rows?: unknown[] } | undefined)?.rows ?? []);
  return rows.map(row => (row as { number?: string }).number ?? '?');
}

/** What may happen to anybody once a connection was lost, time ran out, or a member was removed. */
function isExcused(error: unknown, facts: Facts): boolean {
  const code = codeOf(error);
  if (facts.removed && code === 'not-a-member') return true;
  if (facts.timedOut && /read timeout/.test(code)) return true;
  return (facts.lost || facts.timedOut) && /ECONNRESET|[Cc]onnection|closed|not queryable/.test(code);
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
}

/** What is thrown outside of every promise would end the user's process: it is kept as a problem. */
function catchStrays(wrong: string[]): () => void {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map(event => process.listeners(event as 'uncaughtException'));
  const note = (error: unknown): void => void wrong.push(`thrown where nobody catches it: ${String(error)}`);
  for (const event of events) process.removeAllListeners(event).on(event, note);
  return () => {
    for (const [index, event] of events.entries()) {
      process.removeAllListeners(event);
      for (const listener of before[index] ?? []) process.on(event, listener as () => void);
    }
  };
}

interface FakeTimers {
  pending(): readonly (() => void)[];
  restore(): void;
}

/** Timers that run out when somebody says so, in the context in which they were set. */
function fakeTimers(on: boolean): FakeTimers {
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const pending = new Map<object, () => void>();
  const restore = (): void => void Object.assign(globalThis, { setTimeout: set, clearTimeout: clear });
  if (!on) return { pending: () => [], restore };
  const setFake = (work: () => void): object => {
    const timer = { ref: () => timer, unref: () => timer };
    const bound = AsyncResource.bind(work);
    pending.set(timer, () => {
      pending.delete(timer);
      bound();
    });
    return timer;
  };
  Object.assign(globalThis, { setTimeout: setFake, clearTimeout: (timer: object) => void pending.delete(timer) });
  return { pending: () => [...pending.values()], restore };
}
