import { createAdminClient } from '@/utils/supabase/admin';

export async function listWorkOrdersForExport(workspaceId: string) {
  const admin = createAdminClient();
  const { data, error } = await admin
    .from('work_orders')
    .select('id, title, status, due_on, created_at')
    .eq('workspace_id', workspaceId)
    .order('created_at', { ascending: false });

  if (error) throw error;
  return data;
}

/** Everything that goes on the printed job sheet. */
export async function getJobSheet(workOrderId: string) {
  const admin = createAdminClient();
  const { data } = await admin
    .from('work_orders')
    .select('id, title, status, due_on, boats(name, berth, owner_name, owner_phone), work_order_lines(description, quantity)')
    .eq('id', workOrderId)
    .maybeSingle();

  return data;
}
