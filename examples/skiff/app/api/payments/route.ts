import { NextResponse } from 'next/server';
import { getCurrentUser } from '@/lib/auth';

export async function GET() {
  const { supabase, user } = await getCurrentUser();
  if (!user) return NextResponse.json({ error: 'Unauthorized' }, { status: 401 });

  const { data: payments } = await supabase
    .from('payments')
    .select('id, amount_cents, method, received_at')
    .order('received_at', { ascending: false })
    .limit(100);

  return NextResponse.json({ payments });
}
