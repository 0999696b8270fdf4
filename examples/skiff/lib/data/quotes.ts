import { createAdminClient } from '@/utils/supabase/admin';

export async function getQuoteDocument(workspaceId: string, quoteId: string) {
  const admin = createAdminClient();
  const { data } = await admin
    .from('quotes')
    .select('id, title, customer_name, status, total_cents')
    .eq('workspace_id', workspaceId)
    .eq('id', quoteId)
    .maybeSingle();

  return data;
}

export async function getQuoteByShareToken(token: string) {
  const admin = createAdminClient();
  const { data } = await admin
    .from('quotes')
    .select('title, customer_name, status, total_cents')
    .eq('share_token', token)
    .neq('status', 'draft')
    .maybeSingle();

  return data;
}
