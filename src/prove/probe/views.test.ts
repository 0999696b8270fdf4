import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { canaryText, columnCode, findCanaries } from './canary.ts';
import { viewsOf } from './views.ts';

const canary = canaryText('B', 'notes', 'body');
const columns = new Map([[columnCode('notes', 'body'), { table: 'notes', column: 'body' }]]);

function seen(body: string | Uint8Array, headers: readonly (readonly [string, string])[] = []): boolean {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  return viewsOf({ status: 200, headers, body: bytes }).some(view => findCanaries(view.text, columns).length > 0);
}

test('a canary names its tenant, table and column', () => {
  expect(findCanaries(`<p>${canary.toUpperCase()}</p>`, columns)).toEqual([
    { tenant: 'B', table: 'notes', column: 'body', text: canary },
  ]);
});

test('a canary is seen in text, headers, base64, an archive and an archive in base64', () => {
  expect(seen(`{"body":"${canary}"}`)).toBe(true);
  expect(seen('', [['location', `/notes?title=${canary}`]])).toBe(true);
  expect(seen(`{"data":"${Buffer.from(`a note: ${canary}`).toString('base64')}"}`)).toBe(true);
  expect(seen(gzipSync(`id,body\n1,${canary}\n`))).toBe(true);
  expect(seen(`{"file":"${gzipSync(`id,body\n1,${canary}\n`).toString('base64')}"}`)).toBe(true);
});

test('an answer without a canary stays silent, whatever it is made of', () => {
  expect(seen('zq7k is only a prefix')).toBe(false);
  expect(seen(gzipSync('nothing'))).toBe(false);
  expect(seen(new Uint8Array([0x1f, 0x8b, 1, 2, 3]))).toBe(false);
});
