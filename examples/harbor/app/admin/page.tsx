import { count, desc, eq } from 'drizzle-orm';
import { OrganizationActions } from '@/components/organization-actions';
import { StaffOnly } from '@/components/staff-only';
import { PageHeader, Table } from '@/components/ui';
import { db } from '@/lib/db';
import { member as members, organization, subscriptions } from '@/lib/db/schema';
import { day } from '@/lib/format';
import { requireUser } from '@/lib/session';

export const metadata = { title: 'Admin' };

export default async function AdminPage() {
  const user = await requireUser();
  const rows = await db
    .select({
      id: organization.id,
      name: organization.name,
      billingEmail: subscriptions.billingEmail,
      suspendedAt: organization.suspendedAt,
      createdAt: organization.createdAt,
      people: count(members.id),
    })
    .from(organization)
    .leftJoin(subscriptions, eq(subscriptions.organizationId, organization.id))
    .leftJoin(members, eq(members.organizationId, organization.id))
    .groupBy(organization.id, subscriptions.billingEmail)
    .orderBy(desc(organization.createdAt));
  return (
    <StaffOnly role={user.role ?? 'user'}>
      <PageHeader title="Organizations" subtitle={`${rows.length} accounts`} />
      <Table
        head={['Name', 'Billing e-mail', 'People', 'Since', '']}
        empty="No organizations."
        rows={rows.map(row => [
          row.name,
          row.billingEmail ?? '–',
          row.people,
          day(row.createdAt),
          <OrganizationActions key="actions" organizationId={row.id} suspended={row.suspendedAt !== null} />,
        ])}
      />
    </StaffOnly>
  );
}
