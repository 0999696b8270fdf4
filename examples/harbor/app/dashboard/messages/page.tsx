import { desc, eq } from 'drizzle-orm';
import { MarkRead } from '@/components/mark-read';
import { PageHeader, Table, TextLink } from '@/components/ui';
import { db } from '@/lib/db';
import { messages, orders } from '@/lib/db/schema';
import { day } from '@/lib/format';
import { requireMember } from '@/lib/session';

export const metadata = { title: 'Messages' };

export default async function MessagesPage() {
  const member = await requireMember();
  const rows = await db
    .select({
      id: messages.id,
      body: messages.body,
      readAt: messages.readAt,
      createdAt: messages.createdAt,
      orderId: orders.id,
      reference: orders.reference,
    })
    .from(messages)
    .innerJoin(orders, eq(orders.id, messages.orderId))
    .where(eq(orders.organizationId, member.organizationId))
    .orderBy(desc(messages.createdAt))
    .limit(100);
  return (
    <>
      <PageHeader title="Messages" subtitle={`${rows.filter(row => !row.readAt).length} unread`} />
      <Table
        head={['Order', 'Message', 'Sent', '']}
        empty="Nothing here. Messages from shippers and carriers land on this page."
        rows={rows.map(row => [
          <TextLink key="order" href={`/dashboard/orders/${row.orderId}`}>
            {row.reference}
          </TextLink>,
          <span key="body" className="block max-w-md truncate">
            {row.body}
          </span>,
          day(row.createdAt),
          row.readAt ? null : <MarkRead key="read" orderId={row.orderId} />,
        ])}
      />
    </>
  );
}
