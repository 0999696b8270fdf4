import { unstable_cache } from 'next/cache';
import { NextResponse } from 'next/server';
import { currentMembership } from '@/lib/auth';
import { createAdminClient } from '@/utils/supabase/admin';

export async function GET() {
  const { membership } = await currentMembership();

  const loadRevenue = unstable_cache(
    async () => {
      const admin = createAdminClient();
      const { data } = await admin
        .from('payments')
        .select('amount_cents, method, received_at')
        .eq('workspace_id', membership.workspace_id);
      return data ?? [];
    },
    ['revenue-report'],
    { revalidate: 900 },
  );

  return NextResponse.json({ payments: await loadRevenue() });
}
