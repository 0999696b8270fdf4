'use server';

import { revalidatePath } from 'next/cache';
import { requireUser } from '@/lib/auth';
import { isMember } from '@/lib/membership';
import { createAdminClient } from '@/utils/supabase/admin';

export async function markInvoicePaid(invoiceId: string) {
  const { supabase } = await requireUser();

  const { error } = await supabase.rpc('mark_invoice_paid', { p_invoice_id: invoiceId });
  if (error) return { error: error.message };

  revalidatePath('/dashboard/invoices');
}

export async function voidInvoice(invoiceId: string) {
  await requireUser();

  const admin = createAdminClient();
  const { error } = await admin.from('invoices').update({ status: 'void' }).eq('id', invoiceId);
  if (error) return { error: error.message };

  revalidatePath('/dashboard/invoices');
}

export async function sendInvoice(invoiceId: string) {
  const { user } = await requireUser();

  const admin = createAdminClient();
  const { data: invoice } = await admin
    .from('invoices')
    .select('id, workspace_id')
    .eq('id', invoiceId)
    .maybeSingle();

  if (!invoice || !(await isMember(user.id, invoice.workspace_id))) {
    return { error: 'Invoice not found' };
  }

  const { error } = await admin
    .from('invoices')
    .update({ status: 'sent', issued_on: new Date().toISOString().slice(0, 10) })
    .eq('id', invoice.id);
  if (error) return { error: error.message };

  revalidatePath('/dashboard/invoices');
}
