import { InvoiceMenu } from '@/components/invoice-menu';
import { Badge, LinkButton, PageHeader, Table, TextLink } from '@/components/ui';
import { day, money } from '@/lib/format';
import { listInvoices } from '@/lib/invoices';
import { requireMember } from '@/lib/session';

export const metadata = { title: 'Invoices' };

export default async function InvoicesPage() {
  const member = await requireMember();
  const invoices = await listInvoices(member.organizationId);
  return (
    <>
      <PageHeader
        title="Invoices"
        subtitle={`${invoices.filter(invoice => invoice.status === 'open').length} open`}
        actions={<LinkButton href="/api/invoices/export">Export CSV</LinkButton>}
      />
      <Table
        head={['Number', 'Customer', 'Due', 'Status', 'Amount', '']}
        empty="No invoices yet."
        rows={invoices.map(invoice => [
          <TextLink key="number" href={`/dashboard/invoices/${invoice.id}`}>
            {invoice.number}
          </TextLink>,
          invoice.customerName,
          day(invoice.dueDate),
          <Badge key="status">{invoice.status}</Badge>,
          money(invoice.amountCents),
          <InvoiceMenu key="menu" organizationId={member.organizationId} invoiceId={invoice.id} status={invoice.status} />,
        ])}
      />
    </>
  );
}
