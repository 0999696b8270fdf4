import type { Finding, RepairHint } from '../../core/finding.ts';
import type { DatabaseModel } from '../../model/database/types.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';
import { applyEdits } from '../compose.ts';
import type { FixInput } from '../context.ts';
import { proposeFixes } from '../propose.ts';
import type { Proposal } from '../propose.ts';

/** The parts of a small billing app that most fixer tests share. */
export const billingFiles: Readonly<Record<string, string>> = {
  'tsconfig.json': '{ "compilerOptions": { "paths": { "@/*": ["./*"] } } }',
  'lib/schema.ts': `import { pgTable, text, uuid } from 'drizzle-orm/pg-core';

export const accounts = pgTable('accounts', { id: uuid('id').primaryKey(), name: text('name') });
export const members = pgTable('members', { accountId: uuid('account_id'), userId: uuid('user_id'), role: text('role') });
export const invoices = pgTable('invoices', {
  id: uuid('id').primaryKey(),
  accountId: uuid('account_id').notNull(),
  clientId: uuid('client_id'),
  status: text('status'),
  secretToken: text('secret_token'),
});
export const clients = pgTable('clients', { id: uuid('id').primaryKey(), accountId: uuid('account_id').notNull(), email: text('email') });
export const lines = pgTable('lines', { id: uuid('id').primaryKey(), invoiceId: uuid('invoice_id').notNull(), text: text('text') });
`,
  'lib/db.ts': `import { drizzle } from 'drizzle-orm/node-postgres';
import * as schema from './schema';

export const db = drizzle(process.env.DATABASE_URL ?? '', { schema });
`,
  'lib/viewer.ts': `import { headers } from 'next/headers';
import { redirect } from 'next/navigation';
import { auth } from './auth';

export interface Viewer {
  userId: string;
  accountId: string;
}

export async function getViewer(): Promise<Viewer | null> {
  const session = await auth.api.getSession({ headers: await headers() });
  if (!session?.session.activeOrganizationId) return null;
  return { userId: session.user.id, accountId: session.session.activeOrganizationId };
}

export async function requireViewer(): Promise<Viewer> {
  const viewer = await getViewer();
  if (!viewer) redirect('/sign-in');
  return viewer;
}
`,
  'lib/auth.ts': `import { betterAuth } from 'better-auth';

export const auth = betterAuth({});
`,
  'app/api/clients/route.ts': `import { eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { db } from '@/lib/db';
import { clients } from '@/lib/schema';
import { getViewer } from '@/lib/viewer';

export async function GET() {
  const viewer = await getViewer();
  if (!viewer) return NextResponse.json({ error: 'Sign in first' }, { status: 401 });
  const rows = await db.select().from(clients).where(eq(clients.accountId, viewer.accountId));
  if (rows.length === 0) return NextResponse.json({ error: 'No clients' }, { status: 404 });
  return NextResponse.json(rows);
}
`,
  'app/clients/page.tsx': `import { eq } from 'drizzle-orm';
import { db } from '@/lib/db';
import { clients } from '@/lib/schema';
import { requireViewer } from '@/lib/viewer';

export default async function ClientsPage() {
  const viewer = await requireViewer();
  const rows = await db.select().from(clients).where(eq(clients.accountId, viewer.accountId));
  return <ul>{rows.map(row => <li key={row.id}>{row.email}</li>)}</ul>;
}
`,
};

const hop = (column: string, table: string) => ({ column, table, referencedColumn: 'id' });

/** Who owns what in the billing app. */
export const billingTenancy: TenancyModel = {
  root: { table: 'accounts', key: 'id' },
  principal: { table: 'users', key: 'id' },
  memberships: [
    { table: 'members', tenantColumn: 'account_id', userColumn: 'user_id', roleColumn: 'role', adminRoles: ['owner'] },
  ],
  owners: [
    {
      table: 'invoices',
      ownership: { kind: 'tenant', path: [hop('account_id', 'accounts')] },
      confidence: 'foreign-key',
      secretColumns: ['secret_token'],
      capabilityColumns: [],
    },
    {
      table: 'clients',
      ownership: { kind: 'tenant', path: [hop('account_id', 'accounts')] },
      confidence: 'foreign-key',
      secretColumns: [],
      capabilityColumns: [],
    },
    {
      table: 'lines',
      ownership: { kind: 'tenant', path: [hop('invoice_id', 'invoices'), hop('account_id', 'accounts')] },
      confidence: 'foreign-key',
      secretColumns: [],
      capabilityColumns: [],
    },
    {
      table: 'members',
      ownership: { kind: 'tenant', path: [hop('account_id', 'accounts')] },
      confidence: 'foreign-key',
      secretColumns: [],
      capabilityColumns: [],
    },
  ],
  reasons: [],
};

/** An empty database model. */
export const emptyDatabase: DatabaseModel = {
  tables: [],
  views: [],
  functions: [],
  roles: [],
  enums: [],
  buckets: [],
  platform: 'plain',
};

/** A finding at the line of `file` that holds `mark`. */
export function findingAt(
  files: Readonly<Record<string, string>>,
  at: { readonly file: string; readonly mark: string; readonly entryPoint?: string },
  repair: RepairHint,
): Finding {
  const line = (files[at.file] ?? '').split('\n').findIndex(text => text.includes(at.mark)) + 1;
  if (line === 0) throw new Error(`No line of ${at.file} holds ${at.mark}`);
  return {
    check: `path/${repair.kind}`,
    fingerprint: `${at.file}:${at.mark}`,
    severity: 'high',
    harm: 'Any signed-in user can read any account’s rows.',
    message: 'The query ignores the tenant.',
    cwe: 639,
    file: at.file,
    line,
    ...(at.entryPoint === undefined ? {} : { entryPoint: at.entryPoint }),
    pathIds: [],
    evidence: [],
    repair: { place: { file: at.file, line }, entryPoint: at.entryPoint ?? '', ...repair },
  };
}

/** Proposes for the billing app with `files` added, and gives the changed texts. */
export function repair(
  files: Readonly<Record<string, string>>,
  findings: readonly Finding[],
  more: Partial<FixInput> = {},
): { readonly proposal: Proposal; readonly text: (file: string) => string } {
  const all = { ...billingFiles, ...files };
  const proposal = proposeFixes({
    findings,
    paths: [],
    app: undefined,
    database: emptyDatabase,
    tenancy: billingTenancy,
    sources: { files: Object.keys(all).sort(), read: file => all[file] },
    migrations: { folder: 'drizzle', tool: 'drizzle' },
    ...more,
  });
  const edits = proposal.fixes.flatMap(fix => fix.edits);
  const created = proposal.fixes.flatMap(fix => fix.newFiles);
  return {
    proposal,
    text: file => created.find(each => each.file === file)?.text ?? applyEdits(file, all[file] ?? '', edits),
  };
}
