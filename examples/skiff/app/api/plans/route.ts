import { NextResponse } from 'next/server';
import { createClient } from '@/utils/supabase/server';

export async function GET() {
  const supabase = await createClient();
  const { data: plans } = await supabase
    .from('plans')
    .select('id, name, price_cents, max_boats')
    .eq('is_active', true)
    .order('price_cents');

  return NextResponse.json(
    { plans },
    { headers: { 'Cache-Control': 'public, s-maxage=3600, stale-while-revalidate=86400' } },
  );
}
