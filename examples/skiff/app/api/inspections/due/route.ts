import { NextResponse } from 'next/server';
import { createClient } from '@/utils/supabase/server';

export async function GET() {
  const supabase = await createClient();
  const today = new Date().toISOString().slice(0, 10);

  const { data: inspections } = await supabase
    .from('inspections')
    .select('id, kind, due_on, boat_id')
    .lte('due_on', today)
    .order('due_on');

  return NextResponse.json({ inspections });
}
