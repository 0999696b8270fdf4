import { PageHeader, Table } from '@/components/ui';
import { revenueByCustomer } from '@/lib/analytics';
import { money } from '@/lib/format';
import { requireMember } from '@/lib/session';

export const metadata = { title: 'Revenue' };

export default async function AnalyticsPage() {
  const member = await requireMember();
  const rows = await revenueByCustomer(member.organizationId);
  return (
    <>
      <PageHeader title="Revenue" subtitle="By customer. Refreshed every five minutes." />
      <Table
        head={['Customer', 'Revenue']}
        empty="Nothing booked yet."
        rows={rows.map(row => [row.customer, money(row.revenueCents)])}
      />
    </>
  );
}
