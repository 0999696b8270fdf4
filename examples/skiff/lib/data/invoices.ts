import { createAdminClient } from '@/utils/supabase/admin';

const columns = 'id, number, customer_name, customer_email, status, total_cents, issued_on';

export async function listInvoicesForExport(workspaceId: string) {
  const admin = createAdminClient();
  const { data, error } = await admin
    .from('invoices')
    .select(columns)
    .eq('workspace_id', workspaceId)
    .order('issued_on', { ascending: false });

  if (error) throw error;
  return data;
}

export async function getInvoiceDocument(invoiceId: string) {
  const admin = createAdminClient();
  const { data } = await admin
    .from('invoices')
    .select('id, workspace_id, number, customer_name, customer_email, status, total_cents, issued_on')
    .eq('id', invoiceId)
    .maybeSingle();

  return data;
}
