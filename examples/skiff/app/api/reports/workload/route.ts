import { unstable_cache } from 'next/cache';
import { NextResponse } from 'next/server';
import { currentMembership } from '@/lib/auth';
import { createAdminClient } from '@/utils/supabase/admin';

const loadWorkload = unstable_cache(
  async (workspaceId: string) => {
    const admin = createAdminClient();
    const { data } = await admin
      .from('work_orders')
      .select('status, due_on')
      .eq('workspace_id', workspaceId);
    return data ?? [];
  },
  ['workload-report'],
  { revalidate: 900 },
);

export async function GET() {
  const { membership } = await currentMembership();

  return NextResponse.json({ workOrders: await loadWorkload(membership.workspace_id) });
}
