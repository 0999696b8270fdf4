import { Badge, PageHeader, Stat, Table, TextLink } from '@/components/ui';
import { day, money } from '@/lib/format';
import { countOverdue } from '@/lib/invoices';
import { listOrders } from '@/lib/orders';
import { requireMember } from '@/lib/session';

export default async function OverviewPage() {
  const member = await requireMember();
  const [orders, overdue] = await Promise.all([listOrders(member.organizationId), countOverdue(member.organizationId)]);
  const moving = orders.filter(order => order.status === 'in_transit').length;
  const booked = orders.reduce((sum, order) => sum + order.priceCents, 0);
  return (
    <>
      <PageHeader title="Overview" subtitle="Where your loads and your money are today." />
      <div className="mb-8 grid grid-cols-2 gap-3 lg:grid-cols-4 lg:gap-4">
        <Stat label="Open orders" value={orders.length} />
        <Stat label="In transit" value={moving} />
        <Stat label="Booked revenue" value={money(booked)} />
        <Stat label="Overdue invoices" value={overdue} />
      </div>
      <h2 className="mb-3 font-semibold">Latest orders</h2>
      <Table
        head={['Reference', 'Lane', 'Pickup', 'Status']}
        empty="Your first order will show up here."
        rows={orders
          .slice(0, 8)
          .map(order => [
            <TextLink key="ref" href={`/dashboard/orders/${order.id}`}>
              {order.reference}
            </TextLink>,
            `${order.origin} → ${order.destination}`,
            day(order.pickupDate),
            <Badge key="status">{order.status}</Badge>,
          ])}
      />
    </>
  );
}
