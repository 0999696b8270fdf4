import { notFound } from 'next/navigation';
import { Badge, PageHeader, Table } from '@/components/ui';
import { isMember } from '@/lib/access';
import { money } from '@/lib/format';
import { listInvoices } from '@/lib/invoices';
import { requireUser } from '@/lib/session';

export default async function ReceivablesPage({ params }: { params: Promise<{ organizationId: string }> }) {
  const user = await requireUser();
  const { organizationId } = await params;
  if (!(await isMember(organizationId, user.id))) notFound();
  const invoices = await listInvoices(organizationId);
  return (
    <>
      <PageHeader title="Receivables" subtitle={`${invoices.length} invoices`} />
      <Table
        head={['Number', 'Customer', 'Status', 'Amount']}
        empty="No invoices."
        rows={invoices.map(invoice => [
          invoice.number,
          invoice.customerName,
          <Badge key="status">{invoice.status}</Badge>,
          money(invoice.amountCents),
        ])}
      />
    </>
  );
}
