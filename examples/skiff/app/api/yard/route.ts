import { NextResponse } from 'next/server';
import { getCurrentUser } from '@/lib/auth';

/** What the harbour map draws. */
export async function GET() {
  const { supabase, user } = await getCurrentUser();
  if (!user) return NextResponse.json({ error: 'Unauthorized' }, { status: 401 });

  const { data: berths } = await supabase
    .from('boats_in_yard')
    .select('id, name, registration, berth, owner_name')
    .order('berth');

  return NextResponse.json({ berths });
}
