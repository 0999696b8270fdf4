import { listArchivedOrders } from '@/app/actions/archive';
import { PageHeader, Table, TextLink } from '@/components/ui';
import { day } from '@/lib/format';

export const metadata = { title: 'Archive' };

export default async function ArchivedOrdersPage() {
  const orders = await listArchivedOrders();
  return (
    <>
      <PageHeader title="Archive" subtitle={`${orders.length} orders`} />
      <Table
        head={['Reference', 'Archived']}
        empty="Nothing archived yet."
        rows={orders.map(order => [
          <TextLink key="ref" href={`/dashboard/orders/${order.id}`}>
            {order.reference}
          </TextLink>,
          day(order.archivedAt),
        ])}
      />
    </>
  );
}
