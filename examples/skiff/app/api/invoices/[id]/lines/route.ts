import { NextResponse } from 'next/server';
import { getCurrentUser } from '@/lib/auth';

export async function GET(_request: Request, { params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const { supabase, user } = await getCurrentUser();
  if (!user) return NextResponse.json({ error: 'Unauthorized' }, { status: 401 });

  const { data: lines } = await supabase
    .from('invoice_lines')
    .select('id, description, quantity, unit_price_cents')
    .eq('invoice_id', id);

  return NextResponse.json({ lines });
}
