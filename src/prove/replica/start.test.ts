import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Replica } from '../../core/ports.ts';
import { connect } from '../../collect/database/connect.ts';
import { readPid, removeStale } from './lifetime.ts';
import { replicaFolder, replicaFolders } from './binaries.ts';
import { startReplica } from './start.ts';

const started: Replica[] = [];
const start = async (): Promise<Replica> => {
  const replica = await startReplica();
  started.push(replica);
  return replica;
};

afterAll(async () => {
  for (const replica of started) await replica.stop();
});

async function dataFolder(replica: Replica): Promise<string> {
  const database = await replica.createDatabase();
  const answer = await database.sql.query('show data_directory');
  return String(answer.rows[0]?.['data_directory']);
}

describe('a replica', () => {
  test('answers queries, keeps its databases apart, and is gone after stop', async () => {
    const replica = await start();
    const [one, two] = [await replica.createDatabase(), await replica.createDatabase()];
    await one.sql.query("create table notes (body text); insert into notes values ('kept')");
    await expect(two.sql.query('select * from notes')).rejects.toThrow('does not exist');
    const copy = await replica.createDatabase({ template: one.name });
    expect((await copy.sql.query('select body from notes')).rows).toEqual([{ body: 'kept' }]);
    expect((await one.sql.query('select count(*)::int as count from notes')).rows).toEqual([{ count: 1 }]);
    const folder = await dataFolder(replica);
    await replica.stop();
    await replica.stop();
    expect(existsSync(folder)).toBe(false);
    await expect(connect(one.url, { connectTimeoutMs: 500 })).rejects.toThrow();
  });

  test('has a database that migrations call postgres, and copies it unchanged', async () => {
    const replica = await start();
    const { sql } = await replica.createDatabase();
    await sql.query('alter database postgres set statement_timeout to 0; grant connect on database postgres to public');
    await expect(replica.createDatabase()).resolves.toBeDefined();
  });

  test('starts beside another one', async () => {
    const [left, right] = await Promise.all([start(), start()]);
    expect(await dataFolder(left)).not.toBe(await dataFolder(right));
  });

  test('starts where nothing can be kept in the cache', async () => {
    const [file, before] = [join(tmpdir(), `drydock-no-cache-${process.pid}`), process.env['XDG_CACHE_HOME']];
    writeFileSync(file, '');
    process.env['XDG_CACHE_HOME'] = file;
    try {
      const database = await (await start()).createDatabase();
      expect((await database.sql.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    } finally {
      if (before === undefined) delete process.env['XDG_CACHE_HOME'];
      else process.env['XDG_CACHE_HOME'] = before;
      rmSync(file);
    }
  });

  test('that is killed says so, and not that a statement failed', async () => {
    const replica = await start();
    const { sql } = await replica.createDatabase();
    await sql.query('create table notes (body text)');
    const pid = readPid(join(await dataFolder(replica), '..'));
    process.kill(pid ?? 0, 'SIGKILL');
    await expect(sql.query('select pg_sleep(5)')).rejects.toMatchObject({
      code: 'replica',
      message: expect.stringContaining('ended in the middle of the work'),
    });
    await replica.stop();
  });

  test('that has no space left says where, instead of an answer about the app', async () => {
    const replica = await start();
    const { sql } = await replica.createDatabase();
    await expect(sql.query(`do $$ begin raise exception 'disk' using errcode = '53100'; end $$`)).rejects.toMatchObject(
      {
        code: 'replica',
        message: expect.stringMatching(/^No space is left for the embedded Postgres in '.+'\.$/),
      },
    );
    await replica.stop();
  });

  test('ends when the process is asked to end', async () => {
    const replica = await start();
    const folder = await dataFolder(replica);
    const keepAlive = (): void => {};
    process.on('SIGHUP', keepAlive);
    process.emit('SIGHUP', 'SIGHUP');
    process.off('SIGHUP', keepAlive);
    expect(existsSync(folder)).toBe(false);
  });

  test('removes what a killed process has left behind, and nothing of a living one', () => {
    const dead = join(tmpdir(), 'drydock-replica-999999999-test');
    const alive = join(tmpdir(), `drydock-replica-${process.ppid}-test`);
    mkdirSync(dead, { recursive: true });
    mkdirSync(alive, { recursive: true });
    removeStale(tmpdir());
    expect([existsSync(dead), existsSync(alive)]).toEqual([false, true]);
    rmSync(alive, { recursive: true });
  });

  test('is in memory or among temporary files, and there alone where those are named', () => {
    expect(replicaFolders(undefined)).toContain(replicaFolder(undefined));
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = tmpdir();
    expect(replicaFolder(undefined)).toBe(tmpdir());
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  });
});
