import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { synthesiseEnvironment } from './environment.ts';

let root = '';

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'drydock-env-'));
  writeFileSync(
    join(root, '.env.example'),
    'DATABASE_URL=postgres://x\nAUTH_SECRET=\nSTRIPE_WEBHOOK_SECRET=whsec_\nNEXT_PUBLIC_APP_URL=http://localhost:3000\n',
  );
  writeFileSync(join(root, '.env.local'), 'MAIL_PASSWORD=the-real-one\n');
  writeFileSync(join(root, 'mail.ts'), 'export const from = process.env.MAIL_FROM;');
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

test('every name the app asks for gets a value of the right shape, the same each time', () => {
  const options = { appRoot: root, appUrl: 'http://localhost:1', databaseUrl: 'postgres://replica' };
  const values = new Map(synthesiseEnvironment(options).map(variable => [variable.name, variable]));
  expect(values.get('DATABASE_URL')?.value).toBe('postgres://replica');
  expect(values.get('NEXT_PUBLIC_APP_URL')).toMatchObject({ value: 'http://localhost:1', secret: false });
  expect(values.get('STRIPE_WEBHOOK_SECRET')?.value).toMatch(/^whsec_[0-9a-f]{32}$/);
  expect(values.get('AUTH_SECRET')).toMatchObject({ secret: true });
  expect(values.has('MAIL_FROM')).toBe(true);
  expect(synthesiseEnvironment(options)).toEqual([...values.values()]);
});

test('an app whose example names a role of the database is run as that role, and as no other', () => {
  const folder = mkdtempSync(join(tmpdir(), 'drydock-env-'));
  writeFileSync(
    join(folder, '.env.example'),
    'DATABASE_URL=postgres://app:secret@db.example/shop\nADMIN_DATABASE_URL=postgresql://app_admin@db.example/shop\nOLD_DATABASE_URL=postgres://someone:x@db.example/shop\n',
  );
  const variables = synthesiseEnvironment({
    appRoot: folder,
    appUrl: 'http://localhost:1',
    databaseUrl: 'postgres://postgres@127.0.0.1:5/replica',
    roles: ['app', 'app_admin'],
  });
  rmSync(folder, { recursive: true });
  expect(variables.map(({ name, value }) => [name, value])).toEqual([
    ['ADMIN_DATABASE_URL', 'postgres://app_admin@127.0.0.1:5/replica'],
    ['DATABASE_URL', 'postgres://app@127.0.0.1:5/replica'],
    ['OLD_DATABASE_URL', 'postgres://postgres@127.0.0.1:5/replica'],
  ]);
});

test("values of the user's own env files are never used", () => {
  const values = synthesiseEnvironment({
    appRoot: root,
    appUrl: 'http://localhost:1',
    databaseUrl: 'postgres://replica',
  });
  expect(values.find(variable => variable.name === 'MAIL_PASSWORD')?.value).not.toContain('real');
});
