import { eq } from 'drizzle-orm';
import { notFound } from 'next/navigation';
import { z } from 'zod';
import { Badge, Card } from '@/components/ui';
import { db } from '@/lib/db';
import { orders, trackingLinks } from '@/lib/db/schema';
import { day } from '@/lib/format';

/** What a shipper sees. Whoever has the link may look at this one load. */
export default async function TrackingPage({ params }: { params: Promise<{ token: string }> }) {
  const { token } = await params;
  if (!z.uuid().safeParse(token).success) notFound();
  const [load] = await db
    .select({
      reference: orders.reference,
      origin: orders.origin,
      destination: orders.destination,
      status: orders.status,
      pickupDate: orders.pickupDate,
      expiresAt: trackingLinks.expiresAt,
    })
    .from(trackingLinks)
    .innerJoin(orders, eq(orders.id, trackingLinks.orderId))
    .where(eq(trackingLinks.token, token))
    .limit(1);
  if (!load || (load.expiresAt && load.expiresAt < new Date())) notFound();
  return (
    <main className="mx-auto max-w-md px-4 py-12">
      <p className="mb-4 text-lg font-semibold text-brand">Harbor</p>
      <Card>
        <h1 className="text-xl font-semibold">{load.reference}</h1>
        <p className="mt-1 text-sm text-muted">
          {load.origin} → {load.destination}
        </p>
        <div className="mt-4 flex items-center justify-between text-sm">
          <Badge>{load.status}</Badge>
          <span>Pickup {day(load.pickupDate)}</span>
        </div>
      </Card>
    </main>
  );
}
