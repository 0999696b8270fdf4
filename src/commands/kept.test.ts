import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { Kept, type Asked } from './kept.ts';

let work = '';

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'drydock-kept-'));
  mkdirSync(join(work, 'app', 'lib'), { recursive: true });
  mkdirSync(join(work, 'app', 'node_modules'), { recursive: true });
  writeFileSync(join(work, 'app', 'package.json'), '{}');
  writeFileSync(join(work, 'app', 'lib', 'db.ts'), 'export const db = 1;');
});

afterEach(() => {
  rmSync(work, { recursive: true, force: true });
});

const cache = (): string => join(work, 'cache');
const kept = (asked: Partial<Asked> = {}): Kept<unknown> =>
  new Kept({ what: 'trace', root: join(work, 'app'), ...asked }, cache());
const write = (file: string, text: string): void => {
  writeFileSync(join(work, file), text);
};

test('a result comes back as long as nothing changes', () => {
  expect(kept().recall()).toBeUndefined();
  kept().keep({ paths: [1, 2] });
  expect(kept().recall()).toEqual({ paths: [1, 2] });
});

test.each([
  ['a file that changes', () => write('app/lib/db.ts', 'export const db = 2;')],
  ['a new file', () => write('app/lib/new.ts', '')],
  ['a file that goes', () => rmSync(join(work, 'app/lib/db.ts'))],
  [
    'a migration in code in a folder of output',
    () => (mkdirSync(join(work, 'app/build/migrations'), { recursive: true }), write('app/build/migrations/1.js', '')),
  ],
  [
    'a migration in a folder of output',
    () => (mkdirSync(join(work, 'app/out')), write('app/out/0001.sql', 'select 1;')),
  ],
])('%s ends it', (_what, change) => {
  kept().keep('old');
  change();
  expect(kept().recall()).toBeUndefined();
});

test('what no analysis reads does not', () => {
  kept().keep('old');
  write('app/readme.md', 'words');
  write('app/node_modules/index.js', '1');
  mkdirSync(join(work, 'app/.git'));
  write('app/.git/config.json', '{}');
  expect(kept().recall()).toBe('old');
});

test('a file that was only touched is the same file', () => {
  kept().keep('old');
  utimesSync(join(work, 'app/lib/db.ts'), new Date(), new Date(Date.now() + 60_000));
  expect(kept().recall()).toBe('old');
});

test('another question has another answer', () => {
  write('schema.sql', 'create table a ();');
  const asked = { migrations: [join(work, 'schema.sql')] };
  kept(asked).keep('with migrations');
  expect(kept().recall()).toBeUndefined();
  expect(kept({ what: 'rules' }).recall()).toBeUndefined();
  expect(kept(asked).recall()).toBe('with migrations');
  write('schema.sql', 'create table b ();');
  expect(kept(asked).recall()).toBeUndefined();
});

test('migrations that were named count wherever they lie', () => {
  mkdirSync(join(work, 'app/.sql'));
  write('app/.sql/0001.sql', 'create table a ();');
  const asked = { migrations: ['.sql'] };
  kept(asked).keep('old');
  expect(kept(asked).recall()).toBe('old');
  write('app/.sql/0001.sql', 'create table b (id text);');
  expect(kept(asked).recall()).toBeUndefined();
});

test('nothing is kept of files that changed while they were read', () => {
  const running = kept();
  write('app/lib/db.ts', 'export const db = 3; // longer');
  running.keep('half old, half new');
  expect(kept().recall()).toBeUndefined();
});

test('a damaged file is as none, and the next run writes it anew', () => {
  kept().keep('old');
  const [name = ''] = readdirSync(cache());
  for (const bytes of [Buffer.alloc(0), readFileSync(join(cache(), name)).subarray(0, 40)]) {
    writeFileSync(join(cache(), name), bytes);
    expect(kept().recall()).toBeUndefined();
  }
  kept().keep('new');
  expect(kept().recall()).toBe('new');
});

test('keys and passwords are not kept', () => {
  // Put together here, so that no scanner takes this file for a leak.
  const key = ['sk', 'live', 'a1b2c3d4e5f6g7h8'].join('_');
  kept().keep({ code: `new Stripe('${key}')` });
  const [name = ''] = readdirSync(cache());
  const bytes = readFileSync(join(cache(), name));
  const body = gunzipSync(bytes.subarray(4 + bytes.readUInt32BE(0))).toString('utf8');
  expect(body).toContain('new Stripe(');
  expect(body).not.toContain(key);
});
