import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkOut } from './checkout.ts';

let repository = '';

function git(...parameters: readonly string[]): void {
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b.c', '-c', 'commit.gpgsign=false', ...parameters], {
    cwd: repository,
    stdio: 'ignore',
  });
}

beforeEach(() => {
  repository = mkdtempSync(join(tmpdir(), 'drydock-checkout-'));
  mkdirSync(join(repository, 'apps/web'), { recursive: true });
  writeFileSync(join(repository, 'apps/web/a.txt'), 'before');
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '-m', 'first');
  writeFileSync(join(repository, 'apps/web/a.txt'), 'after');
});

afterEach(() => {
  rmSync(repository, { recursive: true, force: true });
});

test('a commit is written beside the work tree, which stays as it is', async () => {
  const checkout = await checkOut(join(repository, 'apps/web'), 'HEAD');
  expect(readFileSync(join(checkout.root, 'a.txt'), 'utf8')).toBe('before');
  expect(readFileSync(join(repository, 'apps/web/a.txt'), 'utf8')).toBe('after');
  checkout.remove();
  expect(existsSync(checkout.root)).toBe(false);
});

test('a commit that git does not know is refused, and so is what looks like an option', async () => {
  await expect(checkOut(repository, 'nowhere')).rejects.toThrow("There is no commit 'nowhere'");
  await expect(checkOut(repository, '--output=/tmp/x')).rejects.toThrow('There is no commit');
});

test('outside a repository there is nothing to compare with', async () => {
  await expect(checkOut(tmpdir(), 'HEAD')).rejects.toThrow('is in no git repository');
});
