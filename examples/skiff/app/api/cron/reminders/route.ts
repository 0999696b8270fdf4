import { NextResponse } from 'next/server';
import { createAdminClient } from '@/utils/supabase/admin';

/** Daily: marks inspections that are past due, for every yard. */
export async function GET(request: Request) {
  const secret = process.env.CRON_SECRET;
  if (!secret || request.headers.get('authorization') !== `Bearer ${secret}`) {
    return new Response('Unauthorized', { status: 401 });
  }

  const admin = createAdminClient();
  const today = new Date().toISOString().slice(0, 10);
  const { data: overdue } = await admin
    .from('inspections')
    .update({ result: 'overdue' })
    .lt('due_on', today)
    .is('result', null)
    .select('id');

  return NextResponse.json({ marked: overdue?.length ?? 0 });
}
