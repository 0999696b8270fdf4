import { NextResponse, type NextRequest } from 'next/server';
import { currentMembership } from '@/lib/auth';
import { createAdminClient } from '@/utils/supabase/admin';

export async function GET(request: NextRequest) {
  const { membership } = await currentMembership();
  const q = request.nextUrl.searchParams.get('q') ?? '';
  const ws = membership.workspace_id;

  const admin = createAdminClient();
  const { data: boats } = await admin
    .from('boats')
    .select('id, name, registration, owner_name')
    .or(`and(workspace_id.eq.${ws},name.ilike.%${q}%),and(workspace_id.eq.${ws},registration.ilike.%${q}%)`)
    .limit(20);

  return NextResponse.json({ boats });
}
