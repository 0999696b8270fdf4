import { PageHeader, Stat } from '@/components/ui';
import { ordersByStatus } from '@/lib/analytics';
import { requireMember } from '@/lib/session';

export const metadata = { title: 'Pipeline' };

export default async function PipelinePage() {
  const member = await requireMember();
  const rows = await ordersByStatus(member.organizationId);
  return (
    <>
      <PageHeader title="Pipeline" subtitle="Orders by status. Refreshed every five minutes." />
      <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-4">
        {rows.map(row => (
          <Stat key={row.status} label={row.status.replace('_', ' ')} value={row.orders} />
        ))}
      </div>
    </>
  );
}
