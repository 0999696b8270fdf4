import { notFound } from 'next/navigation';
import { getQuoteByShareToken } from '@/lib/data/quotes';
import { formatMoney } from '@/lib/format';

export const dynamic = 'force-dynamic';

export default async function SharedQuotePage({ params }: { params: Promise<{ token: string }> }) {
  const { token } = await params;
  const quote = await getQuoteByShareToken(token);

  if (!quote) notFound();

  return (
    <main>
      <h1>{quote.title}</h1>
      <p>For {quote.customer_name}</p>
      <strong>{formatMoney(quote.total_cents)}</strong>
    </main>
  );
}
