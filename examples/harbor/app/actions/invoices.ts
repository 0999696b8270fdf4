'use server';

import { and, eq } from 'drizzle-orm';
import { revalidatePath } from 'next/cache';
import { z } from 'zod';
import { assertMember } from '@/lib/access';
import { db } from '@/lib/db';
import { invoices } from '@/lib/db/schema';
import { requireUser } from '@/lib/session';

const target = z.object({ organizationId: z.string().min(1), invoiceId: z.uuid() });

export async function markInvoicePaid(input: z.input<typeof target>) {
  const user = await requireUser();
  const { organizationId, invoiceId } = target.parse(input);
  await assertMember(organizationId, user.id);
  const [invoice] = await db
    .update(invoices)
    .set({ status: 'paid', paidAt: new Date() })
    .where(and(eq(invoices.id, invoiceId), eq(invoices.organizationId, organizationId)))
    .returning({ id: invoices.id, status: invoices.status });
  revalidatePath('/dashboard/invoices');
  return invoice ?? { error: 'Invoice not found' };
}

export async function voidInvoice(input: z.input<typeof target>) {
  const user = await requireUser();
  const { organizationId, invoiceId } = target.parse(input);
  await assertMember(organizationId, user.id);
  const [invoice] = await db
    .update(invoices)
    .set({ status: 'void' })
    .where(eq(invoices.id, invoiceId))
    .returning({ id: invoices.id, status: invoices.status });
  revalidatePath('/dashboard/invoices');
  return invoice ?? { error: 'Invoice not found' };
}
