import { eq } from 'drizzle-orm';
import type { Metadata } from 'next';
import { revalidatePath } from 'next/cache';
import { notFound } from 'next/navigation';
import { CustomerNotes } from '@/components/customer-notes';
import { Badge, Button, Card, Field, PageHeader, Stat, TextLink } from '@/components/ui';
import { customerName, customerOverview } from '@/lib/customers/detail';
import { db } from '@/lib/db';
import { customers } from '@/lib/db/schema';
import { money } from '@/lib/format';
import { requireMember } from '@/lib/session';

type Props = { params: Promise<{ id: string }> };

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const member = await requireMember();
  const { id } = await params;
  const name = await customerName(member.organizationId, id);
  return { title: name ?? 'Customer' };
}

export default async function CustomerPage({ params }: Props) {
  const member = await requireMember();
  const { id } = await params;
  const overview = await customerOverview(id);
  if (!overview) notFound();
  const { customer, openOrders, revenueCents } = overview;

  async function updatePhone(formData: FormData) {
    'use server';
    await requireMember();
    const customerId = String(formData.get('customerId'));
    await db
      .update(customers)
      .set({ phone: String(formData.get('phone')) })
      .where(eq(customers.id, customerId));
    revalidatePath(`/dashboard/customers/${customerId}`);
  }

  return (
    <>
      <PageHeader title={customer.name} subtitle={[customer.email, customer.city].filter(Boolean).join(' · ')} />
      <div className="mb-4 grid gap-4 sm:grid-cols-3">
        <Stat label="Open orders" value={openOrders.length} />
        <Stat label="Revenue" value={money(revenueCents)} />
        <Stat label="Credit limit" value={money(customer.creditLimitCents)} />
      </div>
      <div className="grid gap-4 lg:grid-cols-3">
        <Card title="Orders">
          <ul className="space-y-2 text-sm">
            {customer.orders.map(order => (
              <li key={order.id} className="flex justify-between gap-2">
                <TextLink href={`/dashboard/orders/${order.id}`}>{order.reference}</TextLink>
                <Badge>{order.status}</Badge>
              </li>
            ))}
          </ul>
        </Card>
        <Card title="Internal notes">
          <CustomerNotes
            organizationId={member.organizationId}
            customerId={customer.id}
            notes={customer.notes.map(({ id: noteId, body, pinned }) => ({ id: noteId, body, pinned }))}
          />
        </Card>
        <Card title="Contact">
          <form action={updatePhone} className="space-y-3">
            <input type="hidden" name="customerId" value={customer.id} />
            <Field label="Phone" name="phone" defaultValue={customer.phone ?? ''} />
            <Button type="submit">Save</Button>
          </form>
        </Card>
      </div>
    </>
  );
}
