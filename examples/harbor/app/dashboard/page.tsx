import { PageHeader, Stat } from '@/components/ui';
import { countOverdue } from '@/lib/invoices';
import { listOrders } from '@/lib/orders';
import { money } from '@/lib/format';
import { requireMember } from '@/lib/session';

export default async function OverviewPage() {
  const member = await requireMember();
  const [orders, overdue] = await Promise.all([listOrders(member.organizationId), countOverdue(member.organizationId)]);
  const moving = orders.filter(order => order.status === 'in_transit').length;
  const booked = orders.reduce((sum, order) => sum + order.priceCents, 0);
  return (
    <>
      <PageHeader title="Overview" subtitle="Where your loads and your money are today." />
      <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-4">
        <Stat label="Open orders" value={orders.length} />
        <Stat label="In transit" value={moving} />
        <Stat label="Booked revenue" value={money(booked)} />
        <Stat label="Overdue invoices" value={overdue} />
      </div>
    </>
  );
}
