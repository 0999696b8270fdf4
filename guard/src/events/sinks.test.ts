import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { metrics, type MetricsAPI } from '@opentelemetry/api';
import { logs } from '@opentelemetry/api-logs';
import { InMemoryLogRecordExporter, LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import type { Pool } from 'pg';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guardPool } from '../pg/index.ts';
import { members, membership } from '../testing/members.ts';
import { startPostgres, type TestPostgres } from '../testing/postgres.ts';
import type { GuardEvent } from './event.ts';
import { eventsMigration } from './migration.ts';
import { otelSink } from './otel-sink.ts';
import { pinoSink } from './pino-sink.ts';
import { postgresSink } from './postgres-sink.ts';

const denied: GuardEvent = {
  ts: Date.UTC(2026, 10, 22, 12),
  type: 'foreign_row',
  outcome: 'denied',
  actor_kind: 'user',
  actor: 'hash-of-ada',
  tenant: 'hash-of-acme',
  reason: 'foreign-row',
  route: '/api/invoices',
  foreign_rows: 2,
  status: 404,
  ms: 1.5,
};
const allowed: GuardEvent = {
  ts: denied.ts,
  type: 'authz_admin',
  outcome: 'allowed',
  actor_kind: 'admin',
  reason: `O'Hara, "x", \\, \\N, {}, é, 🚢`,
  place: 'a\tb\nc\rd',
};

test('pino gets a line for each event, denials as warnings', () => {
  const lines: string[] = [];
  const sink = pinoSink(pino({}, { write: line => void lines.push(line) }));
  void sink.write([denied, allowed]);
  expect(lines.map(line => JSON.parse(line) as unknown)).toMatchObject([
    { level: 40, msg: 'guard foreign_row: foreign-row', guard: denied },
    { level: 30, guard: allowed },
  ]);
});

describe('OpenTelemetry', () => {
  test('gets log records with attributes, and metrics without a tenant', async () => {
    const exporter = new InMemoryLogRecordExporter();
    logs.setGlobalLoggerProvider(new LoggerProvider({ processors: [new SimpleLogRecordProcessor(exporter)] }));
    const inMemory = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter: inMemory, exportIntervalMillis: 60_000 });
    const provider = new MeterProvider({ readers: [reader] });
    metrics.setGlobalMeterProvider(provider);
    const dropped: GuardEvent = { ...allowed, type: 'events_dropped', rows: 7 };
    await otelSink({ logs, metrics: metrics as MetricsAPI }).write([denied, { ...allowed, sample_rate: 0.5 }, dropped]);
    await provider.forceFlush();
    const records = exporter.getFinishedLogRecords();
    expect(records[0]).toMatchObject({ body: 'foreign-row', severityNumber: 13, eventName: 'drydock.foreign_row' });
    expect(records[0]?.attributes).toMatchObject({
      'user.hash': 'hash-of-ada',
      'drydock.tenant': 'hash-of-acme',
      'http.route': '/api/invoices',
      'http.response.status_code': 404,
    });
    const found = inMemory.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(scope => scope.metrics));
    const points = found.flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => ({ name: descriptor.name, attributes, value })),
    );
    expect(points.map(({ name, value }) => [name, typeof value === 'number' ? value : value.sum])).toEqual([
      ['drydock.events', 1],
      ['drydock.events', 2],
      ['drydock.foreign_rows', 2],
      ['drydock.events.dropped', 7],
      ['drydock.duration', 1.5],
    ]);
    expect(new Set(points.flatMap(({ attributes }) => Object.keys(attributes)))).toEqual(
      new Set(['type', 'outcome', 'actor_kind']),
    );
    await provider.shutdown();
  });
});

describe('Postgres', () => {
  let postgres: TestPostgres;
  let owner: Pool;
  let writer: Pool;
  beforeAll(async () => {
    postgres = await startPostgres();
    owner = postgres.pool();
    await owner.query(`create role writer login; create role app login; ${members}; grant select on member to app`);
    await owner.query(eventsMigration({ writer: 'writer', reader: 'app' }));
    writer = postgres.pool({ user: 'writer', max: 1 });
  });
  afterAll(() => postgres.stop());

  test('keeps each event as a row of its month, by one COPY for a batch', async () => {
    const now = { ...allowed, ts: Date.now() };
    await postgresSink(writer).write([denied, now]);
    const { rows } = await owner.query(
      'select *, tableoid::regclass::text as partition from drydock.event order by ts',
    );
    // pg reads bigint as text.
    const read = [{ ...denied, foreign_rows: '2' }, now].map(event => ({ ...event, ts: new Date(event.ts) }));
    expect(rows).toMatchObject(read.toSorted((left, right) => left.ts.getTime() - right.ts.getTime()));
    const month = new Date().toISOString().slice(0, 7).replace('-', '_');
    expect(rows.map(row => String(row['partition']))).toContain(`drydock.event_${month}`);
  });

  test('a batch that Postgres refuses is an error, and the connection takes the next', async () => {
    const sink = postgresSink(writer);
    await expect(sink.write([{ ...denied, rows: 0.5 }])).rejects.toThrow('invalid input syntax for type bigint');
    await sink.write([{ ...denied, reason: 'after the refusal' }]);
    const { rows } = await owner.query("select reason from drydock.event where reason = 'after the refusal'");
    expect(rows).toHaveLength(1);
  });

  test('lets the role of the events add rows, and read, change or remove none', async () => {
    for (const sql of [
      'select from drydock.event',
      "update drydock.event set reason = ''",
      'delete from drydock.event',
      'truncate drydock.event',
    ]) {
      // oxlint-disable-next-line no-await-in-loop -- one connection
      await expect(writer.query(sql)).rejects.toThrow('permission denied');
    }
  });

  test('drops the months that are not kept, and makes those that come', async () => {
    await owner.query(
      "create table drydock.event_2020_01 partition of drydock.event for values from ('2020-01-01') to ('2020-02-01')",
    );
    await owner.query('select drydock.drop_event_partitions(12)');
    const { rows } = await owner.query<{ name: string }>(
      "select relname as name from pg_class where relname like 'event_2%' and relkind = 'r' order by 1",
    );
    expect(rows).toHaveLength(4);
    expect(rows.map(({ name }) => name)).not.toContain('event_2020_01');
  });

  test('the guarded pool is refused: its connections are those of requests', async () => {
    const guarded = guardPool({ host: '127.0.0.1', port: postgres.port, user: 'app' }, { membership });
    expect(() => postgresSink(guarded)).toThrow('plain pool of their own');
    await guarded.end();
  });

  test('a database that ends and comes back gets the batch that failed', async () => {
    const sink = postgresSink(writer);
    const restarted = { ...denied, reason: 'after the restart' };
    await sink.write([restarted]);
    await postgres.crash();
    await expect(sink.write([restarted])).rejects.toThrow();
    await postgres.restart();
    await sink.write([restarted]);
    const { rows } = await owner.query(
      "select count(*)::int as count from drydock.event where reason = 'after the restart'",
    );
    expect(rows).toEqual([{ count: 2 }]);
  });
});

describe('standard output', () => {
  const run = promisify(execFile);
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  let built: string;
  beforeAll(async () => {
    built = mkdtempSync(join(tmpdir(), 'drydock-guard-built-'));
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    await run(process.execPath, [compiler, '-p', join(root, 'guard/tsconfig.build.json'), '--outDir', built]);
    writeFileSync(join(built, 'package.json'), '{ "type": "module" }');
  });
  afterAll(() => rmSync(built, { recursive: true }));

  const program = (body: string): string[] => [
    '--input-type=module',
    '--eval',
    `import { guardEvents } from '${built}/events/guard-events.js';
     import { consoleSink } from '${built}/events/console-sink.js';
     import { report } from '${built}/events/event.js';
     const events = guardEvents({ sinks: [consoleSink()], capacity: 100000 });
     const tell = count => { for (let i = 0; i < count; i += 1) report({ type: 'authz_fail', outcome: 'denied', reason: 'n' + i }); };
     ${body}`,
  ];

  test.each([
    ['ends by itself', 'tell(3);'],
    ['is ended by process.exit', 'tell(3); process.exit();'],
  ])('a process that %s has written its events', async (_, body) => {
    const { stdout } = await run(process.execPath, program(body));
    const lines = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as GuardEvent);
    expect(lines.map(({ reason }) => reason)).toEqual(['n0', 'n1', 'n2']);
  });

  test('a pipe that nobody reads does not stop the process, and gets all once it is read', async () => {
    const child = spawn(
      process.execPath,
      program(`
      tell(20000);
      let turns = 0;
      const turn = () => { turns += 1; if (turns < 200) return setTimeout(turn, 1); process.stderr.write('went on'); };
      setTimeout(turn, 50);
    `),
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const [told] = (await once(child.stderr, 'data')) as [Buffer];
    expect(String(told)).toBe('went on');
    let text = '';
    for await (const part of child.stdout.setEncoding('utf8')) text += String(part);
    expect(text.trim().split('\n')).toHaveLength(20_000);
  });

  test('a pipe that is read after the time limit gets whole lines, and holds no more than one thread', async () => {
    const child = spawn(
      process.execPath,
      [
        ...program(`
      import { readFile } from 'node:fs/promises';
      const late = guardEvents({ sinks: [consoleSink()], capacity: 100000, timeoutMs: 20, flushMs: 5 });
      tell(3000);
      setTimeout(async () => { await readFile(process.execPath, { flag: 'r' }); process.stderr.write('read a file'); }, 600);
      setTimeout(() => {}, 2500);
    `),
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, UV_THREADPOOL_SIZE: '2' } },
    );
    const [told] = (await once(child.stderr, 'data')) as [Buffer];
    expect(String(told)).toBe('read a file');
    let text = '';
    for await (const part of child.stdout.setEncoding('utf8')) text += String(part);
    const lines = text
      .trim()
      .split('\n')
      .map(line => (JSON.parse(line) as GuardEvent).reason);
    expect(new Set(lines).size).toBe(3000);
  });

  test('a reader that has gone away does not end the process', async () => {
    const child = spawn(
      process.execPath,
      program(`
      setInterval(() => {}, 1000).unref();
      process.stdin.on('end', async () => { tell(5); await events.flush(); process.stderr.write(JSON.stringify(events.counts().console)); process.exit(); }).resume();
    `),
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    child.stdout.destroy();
    await once(child.stdout, 'close');
    child.stdin.end();
    const [told] = (await once(child.stderr, 'data')) as [Buffer];
    expect(JSON.parse(String(told))).toMatchObject({ written: 0, failures: 1, waiting: 5 });
  });
});
