import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { openLive } from './open-live.ts';
import { readServerAddress } from './server-address.ts';

const nothing: Readonly<Record<string, string | undefined>> = {};
const waysOf = (query: string, environment = nothing): readonly string[] =>
  readServerAddress(`postgres://me:pw@db/name${query}`, environment).ways.map(way =>
    way.kind === 'plain' ? 'plain' : way.verifies,
  );

test('an address says what psql would make of its sslmode', () => {
  expect(waysOf('')).toEqual(['nothing', 'plain']);
  expect(waysOf('?sslmode=disable')).toEqual(['plain']);
  expect(waysOf('?sslmode=allow')).toEqual(['plain', 'nothing']);
  expect(waysOf('?sslmode=require')).toEqual(['nothing']);
  expect(waysOf('?sslmode=verify-ca')).toEqual(['authority']);
  expect(waysOf('?sslmode=verify-full')).toEqual(['authority-and-host']);
  expect(waysOf('', { PGSSLMODE: 'verify-full' })).toEqual(['authority-and-host']);
  expect(() => waysOf('?sslmode=sometimes')).toThrow("There is no sslmode 'sometimes'.");
  expect(() => waysOf('?sslmode=verify-ca&sslrootcert=/nowhere/ca.pem')).toThrow(/could not be read/);
});

test('an address keeps its other settings, and one that is none is not tried', () => {
  const given = 'postgres://me@db/name?sslmode=require&options=-c%20a%3Db&channel_binding=require';
  expect(readServerAddress(given, nothing).url).toBe('postgres://me@db/name?options=-c%20a%3Db');
  for (const text of [
    'production',
    'host=db user=me',
    'postgres://me:p#w@db/name',
    'postgres://db:5432,other:5432/name',
  ])
    expect(() => readServerAddress(text, nothing)).toThrow('is no address');
});

const servers: Server[] = [];

afterAll(() => {
  for (const server of servers) server.close();
});

/** A server that answers whatever it is sent like this, and keeps the connection open. */
async function answering(
  answer: (request: Buffer) => Buffer,
): Promise<{ readonly port: number; readonly open: ReadonlySet<Socket> }> {
  const open = new Set<Socket>();
  const server = createServer(socket => {
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
    socket.on('data', request => socket.write(answer(request)));
  });
  servers.push(server);
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : 0, open };
}

const asksForTls = (request: Buffer): boolean => request.length >= 8 && request.readInt32BE(4) === 80_877_103;

function message(kind: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(kind);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

test('a server that asks for a password where the address has none is not waited for', async () => {
  const method = message('R', Buffer.concat([Buffer.from([0, 0, 0, 10]), Buffer.from('SCRAM-SHA-256\0\0')]));
  const nonce = message('R', Buffer.concat([Buffer.from([0, 0, 0, 11]), Buffer.from('r=x,s=eA==,i=4096')]));
  const { port, open } = await answering(request =>
    asksForTls(request) ? Buffer.from('N') : request[0] === 0 ? method : nonce,
  );
  await expect(openLive(`postgres://me@127.0.0.1:${port}/name`)).rejects.toMatchObject({
    message: 'The database could not be reached: the server asks for a password, and the address has none.',
    next: expect.stringContaining('PGPASSWORD'),
  });
  await expect.poll(() => open.size).toBe(0);
});

test('a server without TLS is told to be one where TLS is asked for, and used where it is not', async () => {
  const refusal = message('E', Buffer.from('SFATAL\0C3D000\0Mdatabase "name" does not exist\0\0'));
  const { port } = await answering(request => (asksForTls(request) ? Buffer.from('N') : refusal));
  const address = `postgres://me:pw@127.0.0.1:${port}/name`;
  await expect(openLive(`${address}?sslmode=require`)).rejects.toMatchObject({
    message: expect.stringContaining('does not support SSL'),
    next: expect.stringContaining('sslmode=disable'),
  });
  await expect(openLive(address)).rejects.toMatchObject({ message: expect.stringContaining('does not exist') });
});
