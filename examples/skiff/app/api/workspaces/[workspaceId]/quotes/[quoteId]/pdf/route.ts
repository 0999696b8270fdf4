import { NextResponse } from 'next/server';
import { requireMembership } from '@/lib/auth';
import { getQuoteDocument } from '@/lib/data/quotes';
import { formatMoney } from '@/lib/format';

type Context = { params: Promise<{ workspaceId: string; quoteId: string }> };

export async function GET(_request: Request, { params }: Context) {
  const { workspaceId, quoteId } = await params;
  await requireMembership(workspaceId);

  const quote = await getQuoteDocument(workspaceId, quoteId);
  if (!quote) return NextResponse.json({ error: 'Not found' }, { status: 404 });

  return new Response(
    `Quote ${quote.title}\n${quote.customer_name}\nTotal ${formatMoney(quote.total_cents)}\n`,
    { headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'private, no-store' } },
  );
}
