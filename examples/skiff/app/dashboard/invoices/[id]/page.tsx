import { notFound } from 'next/navigation';
import { requireUser } from '@/lib/auth';
import { formatMoney } from '@/lib/format';

export default async function InvoicePage({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const { supabase } = await requireUser();
  const { data: invoice } = await supabase
    .from('invoices')
    .select('id, number, customer_name, status, total_cents, invoice_lines(id, description, quantity, unit_price_cents)')
    .eq('id', id)
    .maybeSingle();

  if (!invoice) notFound();

  return (
    <>
      <h1>Invoice {invoice.number}</h1>
      <p className="muted">
        {invoice.customer_name} · {invoice.status}
      </p>
      <table>
        <tbody>
          {invoice.invoice_lines.map((line) => (
            <tr key={line.id}>
              <td>{line.description}</td>
              <td>{line.quantity}</td>
              <td>{formatMoney(line.unit_price_cents)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <strong>{formatMoney(invoice.total_cents)}</strong>
    </>
  );
}
