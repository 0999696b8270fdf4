import { NextResponse } from 'next/server';
import { getCurrentUser } from '@/lib/auth';

export async function GET() {
  const { supabase, user } = await getCurrentUser();
  if (!user) return NextResponse.json({ error: 'Unauthorized' }, { status: 401 });

  const { data: integrations } = await supabase
    .from('integrations')
    .select('id, provider, account_name, connected_at');

  return NextResponse.json({ integrations });
}
