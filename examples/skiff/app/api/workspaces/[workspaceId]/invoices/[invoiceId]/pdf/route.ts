import { NextResponse } from 'next/server';
import { requireMembership } from '@/lib/auth';
import { getInvoiceDocument } from '@/lib/data/invoices';
import { formatMoney } from '@/lib/format';

type Context = { params: Promise<{ workspaceId: string; invoiceId: string }> };

export async function GET(_request: Request, { params }: Context) {
  const { workspaceId, invoiceId } = await params;
  await requireMembership(workspaceId);

  const invoice = await getInvoiceDocument(invoiceId);
  if (!invoice) return NextResponse.json({ error: 'Not found' }, { status: 404 });

  return new Response(
    `Invoice ${invoice.number}\n${invoice.customer_name}\nTotal ${formatMoney(invoice.total_cents)}\n`,
    { headers: { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'private, no-store' } },
  );
}
