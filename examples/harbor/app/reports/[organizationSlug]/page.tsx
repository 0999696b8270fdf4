import { desc, eq } from 'drizzle-orm';
import { notFound } from 'next/navigation';
import { Badge, Table } from '@/components/ui';
import { db } from '@/lib/db';
import { customers, orders, organization } from '@/lib/db/schema';
import { money } from '@/lib/format';

export const revalidate = 300;

export function generateStaticParams(): { organizationSlug: string }[] {
  return [];
}

/** Runs on the screen in the office, so it is rendered ahead and refreshed every five minutes. */
export default async function WallboardPage({ params }: { params: Promise<{ organizationSlug: string }> }) {
  const { organizationSlug } = await params;
  const [company] = await db
    .select({ id: organization.id, name: organization.name })
    .from(organization)
    .where(eq(organization.slug, organizationSlug));
  if (!company) notFound();
  const latest = await db
    .select({
      reference: orders.reference,
      status: orders.status,
      priceCents: orders.priceCents,
      customerName: customers.name,
    })
    .from(orders)
    .innerJoin(customers, eq(customers.id, orders.customerId))
    .where(eq(orders.organizationId, company.id))
    .orderBy(desc(orders.createdAt))
    .limit(15);
  return (
    <main className="mx-auto max-w-5xl px-4 py-8">
      <h1 className="mb-6 text-3xl font-semibold tracking-tight">{company.name}</h1>
      <Table
        head={['Order', 'Customer', 'Status', 'Price']}
        empty="No orders yet."
        rows={latest.map(order => [
          order.reference,
          order.customerName,
          <Badge key="status">{order.status}</Badge>,
          money(order.priceCents),
        ])}
      />
    </main>
  );
}
