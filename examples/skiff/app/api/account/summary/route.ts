import { NextResponse } from 'next/server';
import { createAdminClient } from '@/utils/supabase/admin';
import { createClient } from '@/utils/supabase/server';

export async function GET() {
  const supabase = await createClient();
  const {
    data: { session },
  } = await supabase.auth.getSession();
  if (!session) return NextResponse.json({ error: 'Unauthorized' }, { status: 401 });

  const admin = createAdminClient();
  const { data: memberships } = await admin
    .from('members')
    .select('role, display_name, workspaces(name, plan_id)')
    .eq('user_id', session.user.id);

  return NextResponse.json({ memberships });
}
