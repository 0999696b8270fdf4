import { NextResponse } from 'next/server';
import { createAdminClient } from '@/utils/supabase/admin';
import { createClient } from '@/utils/supabase/server';

export async function GET() {
  const supabase = await createClient();
  const { data } = await supabase.auth.getClaims();
  if (!data) return NextResponse.json({ error: 'Unauthorized' }, { status: 401 });

  const admin = createAdminClient();
  const { data: memberships } = await admin
    .from('members')
    .select('role, workspaces(name, plan_id)')
    .eq('user_id', data.claims.sub);

  return NextResponse.json({ memberships });
}
