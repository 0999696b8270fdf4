import { desc, eq } from 'drizzle-orm';
import { Badge, PageHeader, Table } from '@/components/ui';
import { db } from '@/lib/db';
import { organization, subscriptions } from '@/lib/db/schema';
import { requireStaff } from '@/lib/session';

export const metadata = { title: 'Billing' };

export default async function AdminBillingPage() {
  await requireStaff();
  const rows = await db
    .select({ name: organization.name, plan: subscriptions.plan, status: subscriptions.status })
    .from(subscriptions)
    .innerJoin(organization, eq(organization.id, subscriptions.organizationId))
    .orderBy(desc(subscriptions.updatedAt));
  return (
    <>
      <PageHeader title="Subscriptions" subtitle={`${rows.length} paying or trialing`} />
      <Table
        head={['Organization', 'Plan', 'Status']}
        empty="No subscriptions."
        rows={rows.map(row => [row.name, row.plan, <Badge key="status">{row.status}</Badge>])}
      />
    </>
  );
}
