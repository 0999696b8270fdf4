import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { egressPreload } from './egress-preload.ts';
import { startRecorder, type Recorder } from './recorder.ts';

const run = promisify(execFile);
let folder = '';
let recorder: Recorder;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drydock-egress-'));
  writeFileSync(join(folder, 'egress.cjs'), egressPreload);
  recorder = await startRecorder();
});

afterAll(async () => {
  await recorder.close();
  rmSync(folder, { recursive: true, force: true });
});

async function runScript(source: string): Promise<string> {
  const file = join(folder, 'script.mjs');
  writeFileSync(file, source);
  const { stdout } = await run(process.execPath, ['--require', join(folder, 'egress.cjs'), file], {
    env: { ...process.env, DRYDOCK_RECORDER: recorder.url },
  });
  return stdout.trim();
}

test('a fetch to another host reaches the recorder and nobody else', async () => {
  const answered = await runScript(
    `const r = await fetch('https://api.example.com/v1/things?x=1', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"id":7}' }); console.log(r.status);`,
  );
  expect(answered).toBe('200');
  expect(recorder.calls.at(-1)).toMatchObject({
    host: 'api.example.com',
    method: 'POST',
    path: '/v1/things?x=1',
    body: { id: 7 },
  });
});

test('an https request that waits for the TLS handshake is answered by the recorder', async () => {
  const answered = await runScript(`
    import * as https from 'node:https';
    const request = https.request({ host: 'api.stripe.com', port: 443, path: '/v1/checkout/sessions', method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } });
    request.once('response', response => { let text = ''; response.on('data', part => text += part); response.on('end', () => console.log(JSON.parse(text).customer)); });
    request.once('socket', socket => { socket.once(socket.connecting ? 'secureConnect' : 'connect', () => { request.write('customer=cus_1&metadata[org]=o1'); request.end(); }); });
  `);
  expect(answered).toBe('cus_1');
  expect(recorder.calls.at(-1)).toMatchObject({
    host: 'api.stripe.com',
    body: { customer: 'cus_1', metadata: { org: 'o1' } },
  });
});

test('a raw connection to another host is refused', async () => {
  const answered = await runScript(`
    import net from 'node:net';
    net.connect({ host: '192.0.2.1', port: 5432 }).on('error', error => console.log(error.code));
  `);
  expect(answered).toBe('ECONNREFUSED');
});

test('connections on loopback go through', async () => {
  const answered = await runScript(`
    import http from 'node:http';
    const server = http.createServer((_, response) => response.end('here')).listen(0, '127.0.0.1', async () => {
      const response = await fetch('http://127.0.0.1:' + server.address().port);
      console.log(await response.text());
      server.close();
    });
  `);
  expect(answered).toBe('here');
});
