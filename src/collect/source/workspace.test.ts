import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { workspaceRootOf } from './workspace.ts';

const root = mkdtempSync(join(tmpdir(), 'drydock-workspace-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const below = (name: string, settings: string): { readonly above: string; readonly folder: string } => {
  const above = join(root, name);
  const folder = join(above, 'inside', 'app');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(above, 'package.json'), '{}');
  writeFileSync(join(above, 'pnpm-workspace.yaml'), settings);
  return { above, folder };
};

test('a pnpm workspace that lists packages is the root of what is below it', () => {
  const { above, folder } = below('workspace', "packages:\n  - 'inside/*'\n");
  expect(workspaceRootOf(folder)).toBe(above);
});

test('settings of pnpm beside an app make no workspace of it: a copy of the app below it stands alone', () => {
  const { folder } = below('settings', 'onlyBuiltDependencies:\n  - prisma\n');
  expect(workspaceRootOf(folder)).toBe(folder);
});
