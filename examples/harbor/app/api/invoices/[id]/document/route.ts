import { notFoundJson, withSession } from '@/lib/api';
import { day, money } from '@/lib/format';
import { getInvoice } from '@/lib/invoices';

export const GET = withSession<{ id: string }>(async ({ member, params }) => {
  const invoice = await getInvoice(params.id);
  if (!invoice || invoice.organizationId !== member.organizationId) return notFoundJson();
  const text = [
    `INVOICE ${invoice.number}`,
    `Bill to: ${invoice.customerName}`,
    `Amount due: ${money(invoice.amountCents)}`,
    `Due: ${day(invoice.dueDate)}`,
    invoice.memo ?? '',
  ].join('\n');
  return new Response(text, {
    headers: {
      'content-type': 'text/plain; charset=utf-8',
      'cache-control': 'public, max-age=300, s-maxage=3600',
    },
  });
});
