import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';

import { collectDatabase } from './collect.ts';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Whether policies were told of by the time that a database was asked for; no server is needed to know. */
async function isToldOfPolicies(text: string): Promise<boolean> {
  const root = mkdtempSync(join(tmpdir(), 'drydock-collect-'));
  folders.push(root);
  mkdirSync(join(root, 'migrations'));
  writeFileSync(join(root, 'migrations', '1.sql'), text);
  let isTold = false;
  const replica = { createDatabase: () => Promise.reject(new Error('no server here')) };
  const onPolicies = (): void => {
    isTold = true;
  };
  await expect(collectDatabase({ root, replica, onPolicies })).rejects.toThrow('no server here');
  return isTold;
}

describe('that there will be something to prove', () => {
  test('is told as soon as a migration names a policy or row security', async () => {
    const table = 'create table desks (id uuid primary key, owner_id uuid not null);\n';
    expect(await isToldOfPolicies(`${table}CREATE POLICY own ON desks USING (true);`)).toBe(true);
    expect(await isToldOfPolicies(`${table}alter table desks enable row\n level security;`)).toBe(true);
  });

  test('is not told of tables alone', async () => {
    expect(await isToldOfPolicies('create table desks (id uuid primary key, level integer);')).toBe(false);
  });
});
