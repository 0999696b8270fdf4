import { expect, test } from 'vitest';

import { findEntries } from '../../model/app/entry/next/entries.ts';
import { filesInMemory } from './files.ts';
import { sourceOf } from './read-source.ts';

const workspace = filesInMemory({
  'package.json': '{ "workspaces": ["apps/*", "packages/*"], "devDependencies": { "turbo": "2.0.0" } }',
  'apps/web/package.json': '{ "dependencies": { "next": "16.0.0" } }',
  'apps/web/src/app/api/notes/route.ts': 'export async function GET() { return new Response(); }',
  'apps/admin/package.json': '{ "dependencies": { "next": "15.0.0" } }',
  'apps/admin/app/api/notes/route.ts': 'export async function GET() { return new Response(); }',
  'apps/jobs/package.json': '{ "dependencies": { "bullmq": "5.0.0" } }',
  'apps/jobs/app/api/notes/route.ts': 'export async function GET() { return new Response(); }',
  'packages/db/package.json': '{ "dependencies": { "drizzle-orm": "0.45.0" } }',
  'packages/db/src/actions.ts': "'use server'; export async function save() {}",
});

test('a workspace named at its root is all of its apps, each entry point named with its app', () => {
  const source = sourceOf(workspace);
  expect(source.apps).toEqual([
    { folder: 'apps/admin', kind: 'next' },
    { folder: 'apps/jobs', kind: 'server' },
    { folder: 'apps/web', kind: 'next' },
  ]);
  expect(findEntries(source).map(entry => entry.entryPoint.name)).toEqual([
    'GET /api/notes (apps/admin)',
    'GET /api/notes (apps/web)',
    'action packages/db/src/actions.ts#save',
  ]);
});

test('an app named in a workspace is traced alone, with paths relative to it', () => {
  const source = sourceOf(workspace, 'apps/web');
  expect(source.apps).toEqual([{ folder: '', kind: 'next' }]);
  expect(source.paths).toContain('src/app/api/notes/route.ts');
  expect(findEntries(source).map(entry => entry.entryPoint.name)).toEqual(['GET /api/notes']);
});

test('a folder inside an app stands for the app', () => {
  expect(sourceOf(workspace, 'apps/web/src/app').apps).toEqual([{ folder: '', kind: 'next' }]);
});

test('dependencies of packages count, and those of the apps win', () => {
  const { dependencies } = sourceOf(workspace, 'apps/web');
  expect(dependencies.get('drizzle-orm')).toBe('0.45.0');
  expect(dependencies.get('next')).toBe('16.0.0');
});

test('a server of Nest is found by what starts it where the workspace lists everything at its root', () => {
  const source = sourceOf(
    filesInMemory({
      'package.json': '{ "dependencies": { "next": "16.0.0", "@nestjs/core": "11.0.0" } }',
      'apps/web/next.config.ts': 'export default {};',
      'apps/web/app/page.tsx': 'export default function Page() { return null; }',
      'apps/server/src/main.ts': "import { NestFactory } from '@nestjs/core'; NestFactory.create(AppModule);",
      'libraries/data/main.ts': 'export const one = 1;',
    }),
  );
  expect(source.apps).toEqual([
    { folder: 'apps/server', kind: 'server' },
    { folder: 'apps/web', kind: 'next' },
  ]);
});
