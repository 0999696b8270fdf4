import { eq } from 'drizzle-orm';
import { notFound } from 'next/navigation';
import { Badge, PageHeader, Stat } from '@/components/ui';
import { db } from '@/lib/db';
import { quotes } from '@/lib/db/schema';
import { day, money } from '@/lib/format';
import { requireMember } from '@/lib/session';

export default async function QuotePage({ params }: { params: Promise<{ id: string }> }) {
  await requireMember();
  const { id } = await params;
  const quote = await db.query.quotes.findFirst({
    where: eq(quotes.id, id),
    with: { customer: { columns: { name: true, email: true } } },
  });
  if (!quote) notFound();
  return (
    <>
      <PageHeader title={quote.lane} subtitle={`For ${quote.customer.name} (${quote.customer.email})`} />
      <div className="grid gap-4 sm:grid-cols-3">
        <Stat label="Rate" value={money(quote.rateCents)} />
        <Stat label="Valid until" value={day(quote.validUntil)} />
        <Stat label="Status" value={<Badge>{quote.status}</Badge>} />
      </div>
    </>
  );
}
