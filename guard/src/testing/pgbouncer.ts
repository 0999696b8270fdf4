import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { findBinaries } from './binaries.ts';
import { freePort } from './postgres.ts';

/** A PgBouncer in transaction mode in front of a Postgres of the tests. */
export interface TestPgBouncer {
  readonly port: number;
  stop(): Promise<void>;
}

/** The program, where this system has it: Debian's package puts it beside those of the administrator. */
export function findPgBouncer(): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map(folder => join(folder, 'pgbouncer')).find(path => existsSync(path));
}

/** Starts one with a pool of `size` connections for each user. */
export async function startPgBouncer(program: string, postgresPort: number, size: number): Promise<TestPgBouncer> {
  const folder = mkdtempSync(join(tmpdir(), 'drydock-pgbouncer-'));
  const { user } = findBinaries();
  const port = await freePort();
  const users = join(folder, 'users.txt');
  writeFileSync(users, ['postgres', 'app', 'app_admin'].map(name => `"${name}" ""`).join('\n'));
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    `[databases]
postgres = host=127.0.0.1 port=${postgresPort} dbname=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${size}
max_client_conn = 500
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
log_pooler_errors = 0
`,
  );
  if (user !== undefined) spawnSync('chown', ['-R', `${user.uid}:${user.gid}`, folder]);
  chownSync(folder, user?.uid ?? process.getuid?.() ?? 0, user?.gid ?? process.getgid?.() ?? 0);
  const server = spawn(program, ['-q', join(folder, 'pgbouncer.ini')], { ...user, stdio: 'ignore' });
  const ended = new Promise(resolve => server.once('exit', resolve));
  await answering(port);
  return {
    port,
    stop: async () => {
      server.kill('SIGKILL');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answering(port: number): Promise<void> {
  for (let tries = 0; tries < 500; tries += 1) {
    if (await connects(port)) return;
    await new Promise(resolve => setTimeout(resolve, 10));
  }
  throw new Error('PgBouncer does not answer.');
}

function connects(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
