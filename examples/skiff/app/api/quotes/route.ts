import { NextResponse } from 'next/server';
import { getCurrentUser } from '@/lib/auth';

export async function GET() {
  const { supabase, user } = await getCurrentUser();
  if (!user) return NextResponse.json({ error: 'Unauthorized' }, { status: 401 });

  const { data: quotes } = await supabase
    .from('quotes')
    .select('id, title, customer_name, status, total_cents, created_at')
    .order('created_at', { ascending: false });

  return NextResponse.json({ quotes });
}
