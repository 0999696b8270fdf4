import { expect, test } from 'vitest';
import { findingAt, repair } from '../fixtures/billing-app.ts';

const access = {
  'lib/access.ts': `import { and, eq } from 'drizzle-orm';
import { db } from './db';
import { members } from './schema';

export async function isMember(accountId: string, userId: string): Promise<boolean> {
  const [row] = await db.select().from(members).where(and(eq(members.accountId, accountId), eq(members.userId, userId)));
  return row !== undefined;
}

export async function assertMember(accountId: string, userId: string): Promise<void> {
  if (!(await isMember(accountId, userId))) throw new Error('Not found');
}
`,
};

const head = `import { eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { assertMember, isMember } from '@/lib/access';
import { db } from '@/lib/db';
import { invoices } from '@/lib/schema';
import { getViewer } from '@/lib/viewer';

export async function GET(request: Request, { params }: { params: Promise<{ accountId: string }> }) {
  const viewer = await getViewer();
  if (!viewer) return NextResponse.json({ error: 'Sign in first' }, { status: 401 });
  const { accountId } = await params;
`;
const tail = `  return NextResponse.json(await db.select().from(invoices).where(eq(invoices.accountId, accountId)));
}
`;
const file = 'app/api/accounts/[accountId]/route.ts';

test('a guard that nobody waits for is awaited', () => {
  const files = { ...access, [file]: `${head}  assertMember(accountId, viewer.userId);\n${tail}` };
  const { text } = repair(files, [findingAt(files, { file, mark: '  assertMember(' }, { kind: 'await-guard' })]);
  expect(text(file)).toBe(`${head}  await assertMember(accountId, viewer.userId);\n${tail}`);
});

test('a promise that is asked like a boolean is awaited in its parentheses', () => {
  const body = `  if (!isMember(accountId, viewer.userId)) return NextResponse.json({ error: 'Not found' }, { status: 404 });\n`;
  const files = { ...access, [file]: `${head}${body}${tail}` };
  const { text } = repair(files, [findingAt(files, { file, mark: '!isMember(' }, { kind: 'await-guard' })]);
  expect(text(file)).toContain('if (!(await isMember(accountId, viewer.userId))) return');
});

test('a guard whose failure is only logged ends the request, in the words of the file', () => {
  const body = `  if (accountId === '') return NextResponse.json({ error: 'No such account' }, { status: 404 });
  try {
    await assertMember(accountId, viewer.userId);
  } catch (error) {
    console.warn('not a member', error);
  }
`;
  const files = { ...access, [file]: `${head}${body}${tail}` };
  const { text } = repair(files, [findingAt(files, { file, mark: 'await assertMember' }, { kind: 'stop-on-failure' })]);
  expect(text(file)).toContain(`    console.warn('not a member', error);
    return NextResponse.json({ error: 'No such account' }, { status: 404 });
  }`);
});

test('a guard’s answer that was dropped is used', () => {
  const files = { ...access, [file]: `${head}  await isMember(accountId, viewer.userId);\n${tail}` };
  const { text } = repair(files, [findingAt(files, { file, mark: '  await isMember' }, { kind: 'use-result' })]);
  expect(text(file)).toContain(
    `  if (!(await isMember(accountId, viewer.userId))) return NextResponse.json({ error: 'No clients' }, { status: 404 });`,
  );
});

test('a guard that is awaited already is left alone', () => {
  const files = { ...access, [file]: `${head}  await assertMember(accountId, viewer.userId);\n${tail}` };
  const { proposal } = repair(files, [findingAt(files, { file, mark: 'await assertMember' }, { kind: 'await-guard' })]);
  expect(proposal.fixes.flatMap(fix => fix.edits).filter(edit => edit.text.includes('await '))).toEqual([]);
});

const staff = {
  'lib/staff.ts': `import { redirect } from 'next/navigation';
import { requireViewer } from './viewer';

export async function requireStaff() {
  const viewer = await requireViewer();
  if (viewer.role !== 'staff') redirect('/');
  return viewer;
}
`,
  'app/admin/plans/page.tsx': `import { requireStaff } from '@/lib/staff';

export default async function PlansPage() {
  await requireStaff();
  return <p>Plans</p>;
}
`,
};

test('an administrator’s page asks for the role that its sibling asks for, before it reads', () => {
  const page = 'app/admin/page.tsx';
  const files = {
    ...staff,
    [page]: `import { db } from '@/lib/db';
import { invoices } from '@/lib/schema';
import { requireViewer } from '@/lib/viewer';

export default async function AdminPage() {
  await requireViewer();
  const rows = await db.select().from(invoices);
  console.log(rows.length);
  return <p>{rows.length}</p>;
}
`,
  };
  const { text } = repair(files, [findingAt(files, { file: page, mark: 'AdminPage' }, { kind: 'require-role' })]);
  expect(text(page)).toContain(`AdminPage() {
  await requireStaff();
  const rows = await db.select().from(invoices);`);
  expect(text(page)).toContain("import { requireStaff } from '@/lib/staff';");
});

test('a job that anybody could start lets in whom its sibling lets in, with the request as a new parameter', () => {
  const job = 'app/api/cron/close/route.ts';
  const files = {
    'lib/cron.ts': `export function isScheduler(request: Request): boolean {
  return request.headers.get('authorization') === \`Bearer \${process.env.CRON_SECRET}\`;
}
`,
    'app/api/cron/remind/route.ts': `import { isScheduler } from '@/lib/cron';

export async function GET(request: Request) {
  if (!isScheduler(request)) return Response.json({ error: 'Unauthorized' }, { status: 401 });
  return Response.json({ ok: true });
}
`,
    [job]: `import { db } from '@/lib/db';
import { invoices } from '@/lib/schema';

export async function POST() {
  await db.update(invoices).set({ status: 'closed' });
  return Response.json({ ok: true });
}
`,
  };
  const { text } = repair(files, [findingAt(files, { file: job, mark: 'POST' }, { kind: 'require-cron-secret' })]);
  expect(text(job)).toContain(`export async function POST(request: Request) {
  if (!isScheduler(request)) return Response.json({ error: 'Unauthorized' }, { status: 401 });
  await db.update`);
});

test('without a sibling the scheduler’s secret is compared as the platform documents it', () => {
  const job = 'app/api/cron/close/route.ts';
  const files = { [job]: `export async function POST() {\n  return Response.json({ ok: true });\n}\n` };
  const { text } = repair(files, [findingAt(files, { file: job, mark: 'POST' }, { kind: 'require-cron-secret' })]);
  expect(text(job)).toContain("if (!secret || request.headers.get('authorization') !== `Bearer ${secret}`) {");
});
