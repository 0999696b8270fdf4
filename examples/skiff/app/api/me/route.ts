import { NextResponse } from 'next/server';
import { getCurrentUser } from '@/lib/auth';

export async function GET() {
  const { supabase, user } = await getCurrentUser();
  if (!user) return NextResponse.json({ error: 'Unauthorized' }, { status: 401 });

  const { data: profile } = await supabase
    .from('profiles')
    .select('id, email, full_name, phone')
    .eq('id', user.id)
    .single();
  const { data: workspaces } = await supabase.from('workspaces').select('id, name, slug, plan_id');

  return NextResponse.json(
    { profile, workspaces },
    { headers: { 'Cache-Control': 'public, max-age=60, s-maxage=300' } },
  );
}
