import { NextResponse } from 'next/server';
import { getCurrentUser } from '@/lib/auth';

export async function GET(_request: Request, { params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const { supabase, user } = await getCurrentUser();
  if (!user) return NextResponse.json({ error: 'Unauthorized' }, { status: 401 });

  const { data: invoice } = await supabase.from('invoices').select('id').eq('id', id).maybeSingle();
  if (!invoice) return NextResponse.json({ error: 'Not found' }, { status: 404 });

  const { data: payments } = await supabase
    .from('payments')
    .select('id, amount_cents, method, received_at')
    .eq('invoice_id', invoice.id);

  return NextResponse.json({ payments });
}
