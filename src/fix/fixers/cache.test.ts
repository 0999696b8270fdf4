import { expect, test } from 'vitest';
import { findingAt, repair } from '../fixtures/billing-app.ts';

test('what a cached function closes over goes into the key', () => {
  const file = 'lib/totals.ts';
  const files = {
    [file]: `import { unstable_cache } from 'next/cache';
import { eq } from 'drizzle-orm';
import { db } from './db';
import { invoices } from './schema';

export async function totals(accountId: string) {
  const load = unstable_cache(async () => db.select().from(invoices).where(eq(invoices.accountId, accountId)), ['totals'], { revalidate: 60 });
  return load();
}
`,
  };
  const { text } = repair(files, [findingAt(files, { file, mark: 'unstable_cache(' }, { kind: 'key-cache' })]);
  expect(text(file)).toContain("['totals', accountId], { revalidate: 60 }");
});

test('every use of a module’s map gets the account in its key', () => {
  const file = 'lib/ageing.ts';
  const files = {
    [file]: `import { eq } from 'drizzle-orm';
import { db } from './db';
import { invoices } from './schema';

const kept = new Map<string, unknown>();

export async function ageing(accountId: string, period: string) {
  if (kept.has(period)) return kept.get(period);
  const rows = await db.select().from(invoices).where(eq(invoices.accountId, accountId));
  kept.set(period, rows);
  return rows;
}
`,
  };
  const { text } = repair(files, [
    findingAt(files, { file, mark: 'kept.has' }, { kind: 'key-cache', terms: ['tenant.id'] }),
  ]);
  expect(text(file).match(/`\$\{accountId\}:\$\{period\}`/g)).toHaveLength(3);
});

test('a personal answer is kept by its reader’s browser at most', () => {
  const file = 'app/api/me/route.ts';
  const files = {
    [file]: `export async function GET() {\n  return Response.json({}, { headers: { 'cache-control': 'public, max-age=60' } });\n}\n`,
  };
  const { text } = repair(files, [findingAt(files, { file, mark: 'public' }, { kind: 'private-cache-control' })]);
  expect(text(file)).toContain("'cache-control': 'private, no-store'");
});

test('a personal page is rendered for each request, after the session was read', () => {
  const file = 'app/board/page.tsx';
  const files = {
    [file]: `import { db } from '@/lib/db';
import { invoices } from '@/lib/schema';

export const revalidate = 300;

export function generateStaticParams() {
  return [];
}

export default async function Board() {
  const rows = await db.select().from(invoices);
  return <p>{rows.length}</p>;
}
`,
  };
  const { text } = repair(files, [findingAt(files, { file, mark: 'function Board' }, { kind: 'render-per-request' })]);
  expect(text(file)).toContain("export const dynamic = 'force-dynamic';");
  expect(text(file)).not.toContain('revalidate');
  expect(text(file)).not.toContain('generateStaticParams');
  expect(text(file)).toContain('const viewer = await requireViewer();');
});

test('a query that is scoped on a page rendered ahead makes the page wait for its reader', () => {
  const file = 'app/board/page.tsx';
  const files = {
    [file]: `import { db } from '@/lib/db';
import { invoices } from '@/lib/schema';

export const revalidate = 300;

export default async function Board() {
  const rows = await db.select().from(invoices);
  return <p>{rows.length}</p>;
}
`,
  };
  const { text } = repair(files, [
    findingAt(files, { file, mark: 'db.select' }, { kind: 'scope-query', table: 'invoices' }),
  ]);
  expect(text(file)).toContain("export const dynamic = 'force-dynamic';");
  expect(text(file)).not.toContain('revalidate');
});
