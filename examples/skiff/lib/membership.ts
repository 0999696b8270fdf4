import { createAdminClient } from '@/utils/supabase/admin';

/** Whether the user belongs to the workspace. */
export async function isMember(userId: string, workspaceId: string): Promise<boolean> {
  const admin = createAdminClient();
  const { data } = await admin
    .from('members')
    .select('user_id')
    .eq('workspace_id', workspaceId)
    .eq('user_id', userId)
    .maybeSingle();

  return data !== null;
}
