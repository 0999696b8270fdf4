import { NextResponse, type NextRequest } from 'next/server';
import { currentMembership } from '@/lib/auth';
import { createAdminClient } from '@/utils/supabase/admin';

export async function GET(request: NextRequest) {
  const { membership } = await currentMembership();
  const q = request.nextUrl.searchParams.get('q') ?? '';

  const admin = createAdminClient();
  const { data: workOrders } = await admin
    .from('work_orders')
    .select('id, title, status')
    .eq('workspace_id', membership.workspace_id)
    .or(`title.ilike.%${q}%,status.ilike.%${q}%`)
    .limit(20);

  return NextResponse.json({ workOrders });
}
