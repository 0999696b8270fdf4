import { NextResponse, type NextRequest } from 'next/server';
import { getCurrentUser } from '@/lib/auth';

export async function GET(request: NextRequest) {
  const { supabase, user } = await getCurrentUser();
  if (!user) return NextResponse.json({ error: 'Unauthorized' }, { status: 401 });

  const { data, error } = await supabase.rpc('get_invoice_summary', {
    p_workspace_id: request.nextUrl.searchParams.get('workspaceId'),
  });
  if (error) return NextResponse.json({ error: 'Could not load the summary' }, { status: 400 });

  return NextResponse.json({ summary: data });
}
