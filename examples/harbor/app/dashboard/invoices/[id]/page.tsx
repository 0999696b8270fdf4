import { and, eq } from 'drizzle-orm';
import { revalidatePath } from 'next/cache';
import { notFound } from 'next/navigation';
import { Badge, Button, Card, Field, LinkButton, PageHeader, Stat } from '@/components/ui';
import { db } from '@/lib/db';
import { invoices } from '@/lib/db/schema';
import { day, money } from '@/lib/format';
import { getInvoice } from '@/lib/invoices';
import { requireMember } from '@/lib/session';

export default async function InvoicePage({ params }: { params: Promise<{ id: string }> }) {
  const member = await requireMember();
  const { id } = await params;
  const invoice = await getInvoice(id);
  if (!invoice || invoice.organizationId !== member.organizationId) notFound();

  async function updateMemo(formData: FormData) {
    'use server';
    const { organizationId } = await requireMember();
    const invoiceId = String(formData.get('invoiceId'));
    await db
      .update(invoices)
      .set({ memo: String(formData.get('memo')) })
      .where(and(eq(invoices.id, invoiceId), eq(invoices.organizationId, organizationId)));
    revalidatePath(`/dashboard/invoices/${invoiceId}`);
  }

  return (
    <>
      <PageHeader
        title={`Invoice ${invoice.number}`}
        subtitle={invoice.customerName}
        actions={<LinkButton href={`/api/invoices/${invoice.id}/document`}>Document</LinkButton>}
      />
      <div className="mb-4 grid gap-4 sm:grid-cols-3">
        <Stat label="Amount" value={money(invoice.amountCents)} />
        <Stat label="Due" value={day(invoice.dueDate)} />
        <Stat label="Status" value={<Badge>{invoice.status}</Badge>} />
      </div>
      <Card title="Memo">
        <form action={updateMemo} className="space-y-3">
          <input type="hidden" name="invoiceId" value={invoice.id} />
          <Field label="Shown on the document" name="memo" defaultValue={invoice.memo ?? ''} />
          <Button type="submit">Save</Button>
        </form>
      </Card>
    </>
  );
}
