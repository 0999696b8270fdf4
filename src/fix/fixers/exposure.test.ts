import { expect, test } from 'vitest';
import { findingAt, repair } from '../fixtures/billing-app.ts';

test('a page reads the columns it shows, and the component’s type follows', () => {
  const file = 'app/invoices/page.tsx';
  const files = {
    'components/list.tsx': `'use client';

import type { invoices as table } from '@/lib/schema';

export function List({ rows }: { rows: (typeof table.$inferSelect)[] }) {
  return <p>{rows.length}</p>;
}
`,
    [file]: `import { eq } from 'drizzle-orm';
import { List } from '@/components/list';
import { db } from '@/lib/db';
import { invoices } from '@/lib/schema';
import { requireViewer } from '@/lib/viewer';

export default async function Page() {
  const viewer = await requireViewer();
  const rows = await db.select().from(invoices).where(eq(invoices.accountId, viewer.accountId));
  return <List rows={rows} />;
}
`,
  };
  const { text } = repair(files, [
    findingAt(files, { file, mark: '<List' }, { kind: 'narrow-columns', table: 'invoices', columns: ['secret_token'] }),
  ]);
  expect(text(file)).toContain('accountId: invoices.accountId,');
  expect(text(file)).not.toContain('secretToken');
  expect(text('components/list.tsx')).toContain("rows: Omit<typeof table.$inferSelect, 'secretToken'>[]");
});

test('a secret that is named in a selection is taken out of it', () => {
  const file = 'app/api/invoices/route.ts';
  const files = {
    [file]: `import { db } from '@/lib/db';
import { invoices } from '@/lib/schema';

export async function GET() {
  return Response.json(await db.select({ id: invoices.id, secretToken: invoices.secretToken, status: invoices.status }).from(invoices));
}
`,
  };
  const { text } = repair(files, [
    findingAt(
      files,
      { file, mark: 'db.select' },
      { kind: 'narrow-columns', table: 'invoices', columns: ['secret_token'] },
    ),
  ]);
  expect(text(file)).toContain('.select({ id: invoices.id, status: invoices.status })');
});

test('a foreign row is answered as a missing one', () => {
  const file = 'app/api/invoices/[id]/route.ts';
  const files = {
    [file]: `import { NextResponse } from 'next/server';
import { load } from '@/lib/load';

export async function GET() {
  const row = await load();
  if (!row) return NextResponse.json({ error: 'Not found' }, { status: 404 });
  if (row.accountId !== 'mine') {
    return NextResponse.json({ error: 'Not yours' }, { status: 403 });
  }
  return NextResponse.json(row);
}
`,
  };
  const { text } = repair(files, [findingAt(files, { file, mark: '403' }, { kind: 'same-answer' })]);
  expect(text(file)).toContain(
    "  if (row.accountId !== 'mine') return NextResponse.json({ error: 'Not found' }, { status: 404 });",
  );
  expect(text(file)).not.toContain('403');
});

test('a secret that the build wrote into the bundle stays on the server, and the browser calls an action', () => {
  const files = {
    'next.config.ts': `export default {
  env: {
    PAY_KEY: process.env.STRIPE_SECRET_KEY ?? '',
  },
  reactStrictMode: true,
};
`,
    'lib/pay.ts': `export const pay = { key: process.env.PAY_KEY };
`,
    'lib/price.ts': `import { pay } from './pay';

export async function price(id: string): Promise<string> {
  return id + (pay.key ?? '');
}
`,
    'components/buy.tsx': `'use client';

import { price } from '@/lib/price';

export function Buy() {
  return <button onClick={() => price('p')}>Buy</button>;
}
`,
  };
  const { text } = repair(files, [
    findingAt(files, { file: 'lib/pay.ts', mark: 'PAY_KEY' }, { kind: 'server-only', secret: 'PAY_KEY' }),
  ]);
  expect(text('next.config.ts')).toBe('export default {\n  reactStrictMode: true,\n};\n');
  expect(text('lib/pay.ts')).toContain('process.env.STRIPE_SECRET_KEY');
  expect(text('lib/pay.ts')).toContain("import 'server-only';");
  expect(text('lib/price.ts')).toMatch(/^'use server';\n/);
});

test('a secret that a client component reads itself is left to a person', () => {
  const files = {
    'lib/pay.ts': `export const pay = { key: process.env.PAY_KEY };\n`,
    'components/buy.tsx': `'use client';\n\nimport { pay } from '@/lib/pay';\n\nexport function Buy() {\n  return <p>{pay.key}</p>;\n}\n`,
  };
  const { proposal } = repair(files, [
    findingAt(files, { file: 'lib/pay.ts', mark: 'PAY_KEY' }, { kind: 'server-only', secret: 'PAY_KEY' }),
  ]);
  expect(proposal.unrepaired[0]?.reason).toContain('handed over by a server component');
});

test('a reference is looked up among the caller’s own before it is written', () => {
  const file = 'app/actions.ts';
  const files = {
    [file]: `'use server';

import { db } from '@/lib/db';
import { invoices } from '@/lib/schema';
import { requireViewer } from '@/lib/viewer';

export async function add(input: { clientId: string }) {
  const viewer = await requireViewer();
  await db.insert(invoices).values({ ...input, accountId: viewer.accountId });
}
`,
  };
  const { text } = repair(files, [
    findingAt(
      files,
      { file, mark: 'db.insert' },
      { kind: 'verify-reference', table: 'invoices', column: 'client_id', references: 'clients' },
    ),
  ]);
  expect(text(file)).toContain(`  const [client] = await db
    .select({ id: clients.id })
    .from(clients)
    .where(and(eq(clients.id, input.clientId), eq(clients.accountId, viewer.accountId)));
  if (!client) throw new Error('Not found');
  await db.insert`);
});
