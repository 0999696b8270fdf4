import { notFoundJson, withSession } from '@/lib/api';
import { money } from '@/lib/format';
import { findOrder } from '@/lib/orders';

export const GET = withSession<{ id: string }>(async ({ member, params }) => {
  const order = await findOrder(member.organizationId, params.id);
  if (!order) return notFoundJson();
  const text = [
    'BILL OF LADING',
    `Reference: ${order.reference}`,
    `Shipper: ${order.customerName}`,
    `From: ${order.origin}`,
    `To: ${order.destination}`,
    `Freight charge: ${money(order.priceCents)}`,
  ].join('\n');
  return new Response(text, {
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'private, no-store' },
  });
});
