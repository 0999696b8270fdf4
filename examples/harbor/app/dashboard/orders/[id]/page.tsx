import { eq } from 'drizzle-orm';
import type { Metadata } from 'next';
import { notFound } from 'next/navigation';
import { OrderActions } from '@/components/order-actions';
import { OrderDocuments } from '@/components/order-documents';
import { Badge, Card, PageHeader } from '@/components/ui';
import { db } from '@/lib/db';
import { orders } from '@/lib/db/schema';
import { day, money } from '@/lib/format';
import { requireMember } from '@/lib/session';

type Props = { params: Promise<{ id: string }> };

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { id } = await params;
  const order = await db.query.orders.findFirst({
    where: eq(orders.id, id),
    columns: { reference: true, origin: true, destination: true },
  });
  if (!order) return { title: 'Order' };
  return { title: order.reference, description: `${order.origin} to ${order.destination}` };
}

export default async function OrderPage({ params }: Props) {
  const member = await requireMember();
  const { id } = await params;
  const order = await db.query.orders.findFirst({
    where: eq(orders.id, id),
    with: {
      customer: { columns: { name: true } },
      stops: { orderBy: (stop, { asc }) => asc(stop.position) },
      uploads: { columns: { id: true, filename: true } },
    },
  });
  if (!order) notFound();
  if (order.organizationId !== member.organizationId) notFound();

  return (
    <>
      <PageHeader
        title={order.reference}
        subtitle={`${order.origin} → ${order.destination} for ${order.customer.name}`}
        actions={<OrderActions orderId={order.id} status={order.status} />}
      />
      <div className="grid gap-4 lg:grid-cols-3">
        <Card title="Load">
          <dl className="space-y-2 text-sm">
            <Row label="Status" value={<Badge>{order.status}</Badge>} />
            <Row label="Pickup" value={day(order.pickupDate)} />
            <Row label="Price" value={money(order.priceCents)} />
            <Row label="Carrier cost" value={money(order.carrierCostCents)} />
          </dl>
        </Card>
        <Card title="Stops">
          {order.stops.length === 0 ? <p className="text-sm text-muted">No stops yet.</p> : null}
          <ol className="space-y-2 text-sm">
            {order.stops.map(stop => (
              <li key={stop.id}>
                {stop.position}. {stop.address}
              </li>
            ))}
          </ol>
        </Card>
        <Card title="Documents">
          <OrderDocuments documents={order.uploads} />
        </Card>
      </div>
    </>
  );
}

function Row({ label, value }: { label: string; value: React.ReactNode }) {
  return (
    <div className="flex justify-between gap-4">
      <dt className="text-muted">{label}</dt>
      <dd className="tabular-nums">{value}</dd>
    </div>
  );
}
