import { desc, eq } from 'drizzle-orm';
import { Badge, PageHeader, Table } from '@/components/ui';
import { claims } from '@/lib/db/schema';
import { withOrganization } from '@/lib/db/scoped';
import { money } from '@/lib/format';
import { requireMember } from '@/lib/session';

export const metadata = { title: 'Claims' };

export default async function ClaimsPage() {
  const member = await requireMember();
  const rows = await withOrganization(member.organizationId, tx =>
    tx
      .select({ id: claims.id, reason: claims.reason, amountCents: claims.amountCents, status: claims.status })
      .from(claims)
      .where(eq(claims.organizationId, member.organizationId))
      .orderBy(desc(claims.createdAt)),
  );
  return (
    <>
      <PageHeader title="Claims" subtitle="Damaged, late and lost freight." />
      <Table
        head={['Reason', 'Status', 'Amount']}
        empty="No claims. Good."
        rows={rows.map(row => [row.reason, <Badge key="status">{row.status}</Badge>, money(row.amountCents)])}
      />
    </>
  );
}
