import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Finding } from '../core/finding.ts';
import { copyApp, readText } from './copy.ts';
import { repairOnCopy } from './repair.ts';
import type { Rejudged } from './repair.ts';
import { billingFiles, billingTenancy, emptyDatabase, findingAt } from './fixtures/billing-app.ts';

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
