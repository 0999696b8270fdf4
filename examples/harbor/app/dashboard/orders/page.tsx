import { Badge, LinkButton, PageHeader, Table, TextLink } from '@/components/ui';
import { day, money } from '@/lib/format';
import { listOrders } from '@/lib/orders';
import { requireMember } from '@/lib/session';

export const metadata = { title: 'Orders' };

export default async function OrdersPage() {
  const member = await requireMember();
  const orders = await listOrders(member.organizationId);
  return (
    <>
      <PageHeader
        title="Orders"
        subtitle={`${orders.length} open`}
        actions={
          <>
            <LinkButton href="/dashboard/orders/archived">Archive</LinkButton>
            <LinkButton href="/api/orders/export">Export CSV</LinkButton>
            <LinkButton href="/dashboard/orders/new">New order</LinkButton>
          </>
        }
      />
      <Table
        head={['Reference', 'Lane', 'Pickup', 'Status', 'Price']}
        empty="No orders yet. Create the first one from a customer or a quote."
        rows={orders.map(order => [
          <TextLink key="ref" href={`/dashboard/orders/${order.id}`}>
            {order.reference}
          </TextLink>,
          `${order.origin} → ${order.destination}`,
          day(order.pickupDate),
          <Badge key="status">{order.status}</Badge>,
          money(order.priceCents),
        ])}
      />
    </>
  );
}
