import { expect, test } from 'vitest';
import { findingAt, repair } from '../fixtures/billing-app.ts';

const imports = `import { eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { db } from '@/lib/db';
import { invoices } from '@/lib/schema';
`;

test('a route that never asks who is calling asks as its siblings do, and its query is tied to the account', () => {
  const file = 'app/api/invoices/[id]/route.ts';
  const files = {
    [file]: `${imports}
export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const [invoice] = await db.select().from(invoices).where(eq(invoices.id, id));
  return NextResponse.json(invoice);
}
`,
  };
  const { text, proposal } = repair(files, [
    findingAt(files, { file, mark: 'db.select' }, { kind: 'scope-query', table: 'invoices' }),
  ]);
  expect(proposal.unrepaired).toEqual([]);
  expect(text(file)).toBe(`import { and, eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { db } from '@/lib/db';
import { invoices } from '@/lib/schema';
import { getViewer } from '@/lib/viewer';

export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) {
  const viewer = await getViewer();
  if (!viewer) return NextResponse.json({ error: 'Sign in first' }, { status: 401 });
  const { id } = await params;
  const [invoice] = await db.select().from(invoices).where(and(eq(invoices.id, id), eq(invoices.accountId, viewer.accountId)));
  return NextResponse.json(invoice);
}
`);
});

test('a session that is in scope already is used, and a query without a condition gets one', () => {
  const file = 'app/invoices/page.tsx';
  const files = {
    [file]: `import { db } from '@/lib/db';
import { invoices } from '@/lib/schema';
import { requireViewer } from '@/lib/viewer';

export default async function Page() {
  const { accountId } = await requireViewer();
  const rows = await db
    .select({ id: invoices.id })
    .from(invoices)
    .limit(10);
  return <p>{rows.length}</p>;
}
`,
  };
  const { text } = repair(files, [
    findingAt(files, { file, mark: '.from(invoices)' }, { kind: 'scope-query', table: 'invoices' }),
  ]);
  expect(text(file)).toContain(`    .from(invoices)
    .where(eq(invoices.accountId, accountId))
    .limit(10);`);
  expect(text(file)).toContain("import { eq } from 'drizzle-orm';");
  expect(text(file).match(/requireViewer\(\)/g)).toHaveLength(1);
});

test('a helper gets the account as a parameter that every caller fills', () => {
  const files = {
    'lib/invoices.ts': `import { eq } from 'drizzle-orm';
import { db } from './db';
import { invoices } from './schema';

export async function findInvoice(id: string) {
  return db.query.invoices.findFirst({ where: eq(invoices.id, id) });
}
`,
    'app/invoices/[id]/page.tsx': `import { findInvoice } from '@/lib/invoices';
import { requireViewer } from '@/lib/viewer';

export default async function Page({ params }: { params: Promise<{ id: string }> }) {
  const viewer = await requireViewer();
  const { id } = await params;
  return <p>{(await findInvoice(id))?.status}</p>;
}

export async function generateMetadata({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  return { title: (await findInvoice(id))?.status };
}
`,
  };
  const { text, proposal } = repair(files, [
    findingAt(files, { file: 'lib/invoices.ts', mark: 'findFirst' }, { kind: 'scope-query', table: 'invoices' }),
  ]);
  expect(proposal.unrepaired).toEqual([]);
  expect(text('lib/invoices.ts')).toContain('findInvoice(id: string, accountId: string)');
  expect(text('lib/invoices.ts')).toContain('where: and(eq(invoices.id, id), eq(invoices.accountId, accountId))');
  expect(text('app/invoices/[id]/page.tsx')).toContain(`  const viewer = await requireViewer();
  const { id } = await params;
  return <p>{(await findInvoice(id, viewer.accountId))?.status}</p>;`);
  expect(text('app/invoices/[id]/page.tsx'))
    .toContain(`generateMetadata({ params }: { params: Promise<{ id: string }> }) {
  const viewer = await requireViewer();
  const { id } = await params;
  return { title: (await findInvoice(id, viewer.accountId))?.status };`);
});

test('an account that the client sent is replaced by the session’s', () => {
  const file = 'app/actions.ts';
  const files = {
    [file]: `'use server';

import { eq } from 'drizzle-orm';
import { db } from '@/lib/db';
import { clients, invoices } from '@/lib/schema';
import { requireViewer } from '@/lib/viewer';

export async function addInvoice(input: { accountId: string; status: string }) {
  await requireViewer();
  await db.insert(invoices).values({ accountId: input.accountId, status: input.status });
}

export async function listInvoices(accountId: string) {
  const viewer = await requireViewer();
  return db.select().from(invoices).where(eq(invoices.accountId, accountId));
}
`,
  };
  const { text } = repair(files, [
    findingAt(files, { file, mark: 'db.insert' }, { kind: 'ignore-client-tenant', table: 'invoices' }),
    findingAt(files, { file, mark: 'db.select' }, { kind: 'ignore-client-tenant', table: 'invoices' }),
  ]);
  expect(text(file)).toContain('.values({ accountId: viewer.accountId, status: input.status })');
  expect(text(file)).toContain('.where(eq(invoices.accountId, viewer.accountId))');
  expect(text(file)).toContain("import { eq } from 'drizzle-orm';");
});

test('a filter that may be absent becomes one that is always there', () => {
  const file = 'app/api/invoices/route.ts';
  const files = {
    [file]: `${imports.replace('{ eq }', '{ and, eq }')}import { getViewer } from '@/lib/viewer';

export async function GET(request: Request) {
  const viewer = await getViewer();
  const accountId = new URL(request.url).searchParams.get('account');
  const rows = await db
    .select()
    .from(invoices)
    .where(
      and(
        eq(invoices.status, 'open'),
        accountId ? eq(invoices.accountId, accountId) : undefined,
      ),
    );
  return NextResponse.json(rows);
}
`,
  };
  const { text } = repair(files, [
    findingAt(files, { file, mark: '.select()' }, { kind: 'drop-filter-option', table: 'invoices' }),
  ]);
  expect(text(file)).toContain(`        eq(invoices.status, 'open'),
        eq(invoices.accountId, viewer.accountId),
`);
});

test('a row that has its owner only over another table is tied over that table', () => {
  const file = 'app/actions.ts';
  const files = {
    [file]: `'use server';

import { eq } from 'drizzle-orm';
import { db } from '@/lib/db';
import { lines } from '@/lib/schema';
import { requireViewer } from '@/lib/viewer';

export async function removeLine(id: string) {
  const viewer = await requireViewer();
  await db.delete(lines).where(eq(lines.id, id));
}
`,
  };
  const { text } = repair(files, [
    findingAt(files, { file, mark: 'db.delete' }, { kind: 'tie-object', table: 'lines' }),
  ]);
  expect(text(file)).toContain(
    '.where(and(eq(lines.id, id), inArray(lines.invoiceId, db.select({ id: invoices.id }).from(invoices).where(eq(invoices.accountId, viewer.accountId)))))',
  );
  expect(text(file)).toContain("import { and, eq, inArray } from 'drizzle-orm';");
  expect(text(file)).toContain("import { invoices, lines } from '@/lib/schema';");
});

test('raw SQL gets the condition in its where clause, before what follows it', () => {
  const file = 'app/actions.ts';
  const files = {
    [file]: `'use server';

import { sql } from 'drizzle-orm';
import { db, pool } from '@/lib/db';
import { requireViewer } from '@/lib/viewer';

export async function open(status: string) {
  const viewer = await requireViewer();
  return db.execute(sql\`select i.id from invoices i where i.status = \${status} or i.status = 'x' order by i.id limit 5\`);
}

export async function one(id: string) {
  const viewer = await requireViewer();
  return pool.query('select * from invoices where id = $1', [id]);
}
`,
  };
  const { text } = repair(files, [
    findingAt(files, { file, mark: 'db.execute' }, { kind: 'scope-query', table: 'invoices' }),
    findingAt(files, { file, mark: 'pool.query' }, { kind: 'scope-query', table: 'invoices' }),
  ]);
  expect(text(file)).toContain(
    "where (i.status = ${status} or i.status = 'x') and i.account_id = ${viewer.accountId} order by i.id limit 5`",
  );
  expect(text(file)).toContain(
    "'select * from invoices where id = $1 and invoices.account_id = $2', [id, viewer.accountId]",
  );
});

test('without any sibling that shows how to ask who is calling, nothing is invented', () => {
  const file = 'app/api/invoices/route.ts';
  const files = {
    [file]: `${imports}\nexport async function GET() {\n  return NextResponse.json(await db.select().from(invoices));\n}\n`,
  };
  const { proposal } = repair({ ...files, 'app/api/clients/route.ts': '', 'app/clients/page.tsx': '' }, [
    findingAt(files, { file, mark: 'db.select' }, { kind: 'scope-query', table: 'invoices' }),
  ]);
  expect(proposal.fixes).toEqual([]);
  expect(proposal.unrepaired[0]?.reason).toContain('says whose request it is');
});
