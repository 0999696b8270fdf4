import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createShapeReader, type ShapeReader } from './request-shape.ts';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function readerOf(files: Readonly<Record<string, string>>): ShapeReader {
  const root = mkdtempSync(join(tmpdir(), 'drydock-shape-'));
  folders.push(root);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return createShapeReader(root);
}

test('a body is what its schema accepts, also through a wrapper and an imported schema', () => {
  const reader = readerOf({
    'tsconfig.json': '{ "compilerOptions": { "paths": { "@/*": ["./*"] } } }',
    'lib/schemas.ts': `import { z } from 'zod'; export const plans = ['free', 'paid'] as const; export const billForm = z.object({ accountId: z.uuid(), amount: z.number().min(1), plan: z.enum(plans), note: z.string().max(9).optional() });`,
    'app/api/bills/route.ts': `import { billForm } from '@/lib/schemas'; export const POST = withUser(async ({ request }) => { const body = billForm.safeParse(await request.json()); return Response.json(body); });`,
  });
  expect(reader.read('app/api/bills/route.ts', 'POST').body).toEqual({
    type: 'json',
    fields: [
      { name: 'accountId', shape: { kind: 'string', format: 'uuid', optional: false } },
      { name: 'amount', shape: { kind: 'number', minimum: 1, optional: false } },
      { name: 'plan', shape: { kind: 'string', values: ['free', 'paid'], optional: false } },
      { name: 'note', shape: { kind: 'string', maximum: 9, optional: true } },
    ],
  });
});

test('query parameters are found in route handlers and in the props of a page', () => {
  const reader = readerOf({
    'app/api/notes/route.ts': `export async function GET(request: Request) { const { searchParams } = new URL(request.url); return list(searchParams.get('folderId'), searchParams.get('q')); }`,
    'app/notes/page.tsx': `export default async function Notes({ searchParams }: { searchParams: Promise<{ tag?: string }> }) { const { tag } = await searchParams; return tag; }`,
  });
  expect(reader.read('app/api/notes/route.ts', 'GET').query.map(field => field.name)).toEqual(['folderId', 'q']);
  expect(reader.read('app/notes/page.tsx', 'default').query.map(field => field.name)).toEqual(['tag']);
});

test('arguments of an action follow their types and the schema they are parsed with', () => {
  const reader = readerOf({
    'app/actions.ts': `'use server';
      import { z } from 'zod';
      const form = z.object({ noteId: z.uuid() });
      export async function rename(noteId: string, names: string[]) { return noteId; }
      export async function move(input: z.infer<typeof form>, pinned = false) { return form.parse(input); }
      export async function send(previous: unknown, formData: FormData) { return formData.get('email'); }`,
  });
  expect(reader.read('app/actions.ts', 'rename').arguments).toEqual([
    { name: 'noteId', shape: { kind: 'string', optional: false } },
    { name: 'names', shape: { kind: 'list', item: { kind: 'string', optional: false }, optional: false } },
  ]);
  expect(reader.read('app/actions.ts', 'move').arguments[0]?.shape).toMatchObject({
    kind: 'object',
    fields: [{ name: 'noteId', shape: { format: 'uuid' } }],
  });
  expect(reader.read('app/actions.ts', 'send').body).toEqual({
    type: 'form',
    fields: [{ name: 'email', shape: { kind: 'unknown', optional: true } }],
  });
});

test('inline actions are numbered as the build numbers them', () => {
  const reader = readerOf({
    'app/page.tsx': `export default function Page() { async function first(formData: FormData) { 'use server'; formData.get('a'); } const second = async (data: FormData) => { 'use server'; data.get('b'); }; return null; }`,
  });
  expect(reader.inlineActions('app/page.tsx')).toEqual(['first', 'second']);
  expect(reader.read('app/page.tsx', '$$RSC_SERVER_ACTION_0').body?.fields.map(field => field.name)).toEqual(['a']);
});

test('a file that is not there has an empty shape', () => {
  expect(readerOf({}).read('app/nowhere.ts', 'GET')).toMatchObject({ query: [], body: undefined, arguments: [] });
});
