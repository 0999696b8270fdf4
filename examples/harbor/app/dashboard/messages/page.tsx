import { listInbox } from '@/app/actions/messages';
import { MarkRead } from '@/components/mark-read';
import { PageHeader, Table, TextLink } from '@/components/ui';
import { day } from '@/lib/format';

export const metadata = { title: 'Messages' };

export default async function MessagesPage() {
  const rows = await listInbox();
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
