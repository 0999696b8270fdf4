import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commitAll, copyApp } from './copy.ts';

let app: string;

beforeEach(() => {
  app = mkdtempSync(join(tmpdir(), 'drydock-copy-'));
  writeFileSync(join(app, 'page.ts'), 'export const title = 1;\n');
  writeFileSync(join(app, '.env.local'), 'SECRET=1\n');
});

afterEach(() => rmSync(app, { recursive: true, force: true }));

test('a copy leaves real settings where they are, and replaces the copy before it', async () => {
  const target = join(app, '.drydock', 'fix', 'app');
  await copyApp(app, target, { branch: 'drydock/fix' });
  expect(existsSync(join(target, '.env.local'))).toBe(false);
  writeFileSync(join(app, 'page.ts'), 'export const title = 2;\n');
  await copyApp(app, target, { branch: 'drydock/fix' });
  expect(readFileSync(join(target, 'page.ts'), 'utf8')).toContain('2');
  expect(existsSync(`${target}-kept-1`)).toBe(false);
});

test('a copy that somebody edited is moved aside, not deleted', async () => {
  const target = join(app, '.drydock', 'fix', 'app');
  const copy = await copyApp(app, target, { branch: 'drydock/fix' });
  writeFileSync(join(target, 'page.ts'), 'export const title = 3;\n');
  await copyApp(app, target, { branch: 'drydock/fix' });
  expect(readFileSync(join(`${target}-kept-1`, 'page.ts'), 'utf8')).toContain('3');
  expect(readFileSync(join(target, 'page.ts'), 'utf8')).toContain('1');
  writeFileSync(join(target, 'repair.ts'), 'export {};\n');
  await commitAll(copy, 'Repair');
  await copyApp(app, target, { branch: 'drydock/fix' });
  expect(existsSync(`${target}-kept-2`)).toBe(false);
});
