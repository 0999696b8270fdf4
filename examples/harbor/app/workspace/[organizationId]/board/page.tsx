import { Badge, PageHeader, Table } from '@/components/ui';
import { money } from '@/lib/format';
import { listOrders } from '@/lib/orders';

export default async function BoardPage({ params }: { params: Promise<{ organizationId: string }> }) {
  const { organizationId } = await params;
  const orders = await listOrders(organizationId);
  return (
    <>
      <PageHeader title="Load board" subtitle={`${orders.length} loads`} />
      <Table
        head={['Reference', 'Lane', 'Status', 'Price']}
        empty="No loads."
        rows={orders.map(order => [
          order.reference,
          `${order.origin} → ${order.destination}`,
          <Badge key="status">{order.status}</Badge>,
          money(order.priceCents),
        ])}
      />
    </>
  );
}
