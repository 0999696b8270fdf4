import Link from 'next/link';
import { InvoiceActions } from '@/components/invoice-actions';
import { requireUser } from '@/lib/auth';
import { formatMoney } from '@/lib/format';

export default async function InvoicesPage() {
  const { supabase } = await requireUser();
  const { data: invoices } = await supabase
    .from('invoices')
    .select('id, number, customer_name, status, total_cents')
    .order('number', { ascending: false });

  return (
    <>
      <h1>Invoices</h1>
      <table>
        <tbody>
          {invoices?.map((invoice) => (
            <tr key={invoice.id}>
              <td>
                <Link href={`/dashboard/invoices/${invoice.id}`}>{invoice.number}</Link>
              </td>
              <td>{invoice.customer_name}</td>
              <td>{invoice.status}</td>
              <td>{formatMoney(invoice.total_cents)}</td>
              <td>
                <InvoiceActions invoiceId={invoice.id} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
