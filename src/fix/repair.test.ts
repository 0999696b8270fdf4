import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Finding } from '../core/finding.ts';
import type { Policy } from '../model/database/types.ts';
import type { OwnAccess } from '../prove/exploit/own-access.ts';
import { copyApp, readText } from './copy.ts';
import { repairOnCopy } from './repair.ts';
import type { Rejudged } from './repair.ts';
import { bareTable, billingFiles, billingTenancy, emptyDatabase, findingAt } from './fixtures/billing-app.ts';

const files = {
  ...billingFiles,
  '.env': 'SECRET=1',
  '.env.example': 'SECRET=',
  'app/actions.ts': `'use server';

import { eq } from 'drizzle-orm';
import { db } from '@/lib/db';
import { invoices } from '@/lib/schema';
import { requireViewer } from '@/lib/viewer';

export async function remove(id: string) {
  await requireViewer();
  await db.delete(invoices).where(eq(invoices.id, id));
}

export async function close(id: string) {
  await requireViewer();
  await db.update(invoices).set({ status: 'closed' }).where(eq(invoices.id, id));
}
`,
};

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drydock-repair-'));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, 'app', file)), { recursive: true });
    writeFileSync(join(folder, 'app', file), text);
  }
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

// A pipeline of one rule: a write to invoices without the account in its line is a finding.
async function judge(root: string, opens?: (text: string) => readonly Finding[]): Promise<Rejudged> {
  const text = readFileSync(join(root, 'app/actions.ts'), 'utf8');
  const found = ['db.delete', 'db.update'].flatMap(mark => {
    const line = text.split('\n').find(each => each.includes(mark)) ?? '';
    return line.includes('accountId')
      ? []
      : [
          findingAt(
            { 'app/actions.ts': text },
            { file: 'app/actions.ts', mark },
            { kind: 'scope-query', table: 'invoices' },
          ),
        ];
  });
  return Promise.resolve({
    findings: [...found, ...(opens?.(text) ?? [])],
    paths: [],
    app: undefined,
    database: emptyDatabase,
    tenancy: billingTenancy,
    migrations: undefined,
    cells: [],
    access: [],
    failed: [],
  });
}

test('a copy has neither secrets nor packages, and each repair is a commit of its own', async () => {
  const copy = await copyApp(join(folder, 'app'), join(folder, 'copy'), { branch: 'drydock/rescue' });
  expect(readText(copy, '.env')).toBeUndefined();
  expect(readText(copy, '.env.example')).toBe('SECRET=');
  const outcome = await repairOnCopy({ copy, attempts: new Map(), report: () => {}, rejudge: () => judge(copy.root) });
  expect(outcome.applied.map(fix => fix.verified.offered)).toEqual([true, true]);
  expect(outcome.final.findings).toEqual([]);
  expect(readText(copy, 'app/actions.ts')).toContain(
    '.where(and(eq(invoices.id, id), eq(invoices.accountId, viewer.accountId)))',
  );
  const log = await execa('git', ['log', '--format=%an %s'], { cwd: copy.root });
  expect(log.stdout.split('\n')).toHaveLength(3);
  expect(log.stdout).toContain('Drydock Tie');
  expect(readFileSync(join(folder, 'app', 'app/actions.ts'), 'utf8')).toBe(files['app/actions.ts']);
});

test('a repair after which less is open holds, and says what is left', async () => {
  const copy = await copyApp(join(folder, 'app'), join(folder, 'copy'), { branch: 'drydock/rescue' });
  const left = (text: string, severity: 'medium' | 'critical'): readonly Finding[] =>
    text.includes('eq(invoices.accountId')
      ? [
          {
            ...findingAt({ 'app/actions.ts': text }, { file: 'app/actions.ts', mark: 'remove' }, { kind: 'none' }),
            fingerprint: 'app/actions.ts:db.delete',
            message: 'Something is left.',
            severity,
          },
        ]
      : [];
  const outcome = await repairOnCopy({
    copy,
    attempts: new Map(),
    only: new Set(['app/actions.ts:db.delete']),
    report: () => {},
    rejudge: () => judge(copy.root, text => left(text, 'medium')),
  });
  expect(outcome.applied.map(({ verified }) => verified.verification[0]?.detail)).toEqual([
    'Less is open than before, and nothing else was opened. What is left: Something is left.',
  ]);
  expect(outcome.unrepaired.map(({ fingerprint }) => fingerprint)).toEqual(['app/actions.ts:db.delete']);
});

test('a repair that opens another finding is taken back, and its file is as before', async () => {
  const copy = await copyApp(join(folder, 'app'), join(folder, 'copy'), { branch: 'drydock/rescue' });
  const opens = (text: string): readonly Finding[] =>
    text.includes('eq(invoices.accountId')
      ? [
          {
            ...findingAt({ 'app/actions.ts': text }, { file: 'app/actions.ts', mark: 'remove' }, { kind: 'none' }),
            fingerprint: 'new',
            severity: 'critical',
          },
        ]
      : [];
  const outcome = await repairOnCopy({
    copy,
    attempts: new Map(),
    report: () => {},
    rejudge: () => judge(copy.root, opens),
  });
  expect(outcome.applied).toEqual([]);
  expect(outcome.rejected.map(fix => fix.verification[0]?.outcome)).toEqual(['failed', 'failed']);
  expect(outcome.unrepaired.every(each => each.reason.includes('did not hold'))).toBe(true);
  expect(readText(copy, 'app/actions.ts')).toBe(files['app/actions.ts']);
});

test('only the findings that were asked for are repaired', async () => {
  const copy = await copyApp(join(folder, 'app'), join(folder, 'copy'));
  const outcome = await repairOnCopy({
    copy,
    attempts: new Map(),
    only: new Set(['app/actions.ts:db.delete']),
    report: () => {},
    rejudge: () => judge(copy.root),
  });
  expect(outcome.applied).toHaveLength(1);
  expect(outcome.applied[0]?.commit).toBeUndefined();
  expect(outcome.final.findings).toHaveLength(1);
});

const ownRead: OwnAccess = {
  role: 'authenticated',
  actor: 'member',
  command: 'select',
  table: 'invoices',
  as: 'member',
};

test('a repair that keeps members from their own rows is taken back, and the one beside it stays', async () => {
  const copy = await copyApp(join(folder, 'app'), join(folder, 'copy'));
  const migrated = (root: string, name: string): boolean =>
    existsSync(join(root, 'supabase/migrations')) &&
    readdirSync(join(root, 'supabase/migrations')).some(file => file.includes(name));
  const policyOf = (table: string): Policy => ({
    name: 'all',
    table,
    command: 'select',
    permissive: true,
    roles: ['authenticated'],
    using: 'true',
  });
  const open = (root: string, table: string): readonly Finding[] =>
    migrated(root, `narrow_${table}`)
      ? []
      : [
          {
            ...findingAt(files, { file: 'app/actions.ts', mark: 'remove' }, { kind: 'replace-policy', policy: 'all' }),
            fingerprint: table,
            object: table,
          },
        ];
  const outcome = await repairOnCopy({
    copy,
    attempts: new Map(),
    only: new Set(['invoices', 'clients']),
    report: () => {},
    rejudge: async () => ({
      ...(await judge(copy.root)),
      findings: [...open(copy.root, 'invoices'), ...open(copy.root, 'clients')],
      database: {
        ...emptyDatabase,
        platform: 'supabase',
        tables: ['invoices', 'clients'].map(name => ({ ...bareTable, name, policies: [policyOf(name)] })),
      },
      migrations: { folder: 'supabase/migrations', tool: 'supabase' },
      // However the policy on invoices is narrowed, members do not see them.
      access: migrated(copy.root, 'narrow_invoices') ? [] : [ownRead],
    }),
  });
  expect(outcome.applied.map(each => each.findings.map(({ fingerprint }) => fingerprint))).toEqual([['clients']]);
  expect(new Set(outcome.rejected.flatMap(each => each.fix.findings))).toEqual(new Set(['invoices']));
  expect(outcome.unrepaired.map(each => each.reason).join()).toContain('could no longer read rows of the own tenant');
  expect(migrated(copy.root, 'narrow_invoices')).toBe(false);
});

test('of many that may have kept members out one is taken back, and those that were only near it hold', async () => {
  const copy = await copyApp(join(folder, 'app'), join(folder, 'copy'));
  const names = Array.from({ length: 12 }, (_, index) => `shelf_${String.fromCodePoint(97 + index)}`);
  const migrated = (name: string): boolean =>
    existsSync(join(copy.root, 'supabase/migrations')) &&
    readdirSync(join(copy.root, 'supabase/migrations')).some(file => file.includes(`narrow_${name}`));
  const [client] = billingTenancy.owners.filter(({ table }) => table === 'clients');
  if (client === undefined) throw new Error('No clients');
  const outcome = await repairOnCopy({
    copy,
    attempts: new Map(),
    only: new Set(names),
    report: () => {},
    rejudge: async () => ({
      ...(await judge(copy.root)),
      findings: names
        .filter(name => !migrated(name))
        .map(name => ({
          ...findingAt(files, { file: 'app/actions.ts', mark: 'remove' }, { kind: 'replace-policy', policy: 'all' }),
          fingerprint: name,
          object: name,
        })),
      tenancy: { ...billingTenancy, owners: names.map(table => ({ ...client, table })) },
      database: {
        ...emptyDatabase,
        platform: 'supabase',
        tables: names.map(name => ({
          ...bareTable,
          name,
          policies: [
            { name: 'all', table: name, command: 'select', permissive: true, roles: ['authenticated'], using: 'true' },
          ],
        })),
      },
      migrations: { folder: 'supabase/migrations', tool: 'supabase' },
      access: migrated('shelf_d') ? [] : [ownRead],
    }),
  });
  const held = outcome.applied.flatMap(each => each.findings.map(({ fingerprint }) => fingerprint));
  expect(held.toSorted()).toEqual(names.filter(name => name !== 'shelf_d'));
  expect(new Set(outcome.rejected.flatMap(each => each.fix.findings))).toEqual(new Set(['shelf_d']));
});
