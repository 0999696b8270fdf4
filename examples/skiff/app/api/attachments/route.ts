import { NextResponse, type NextRequest } from 'next/server';
import { getCurrentUser } from '@/lib/auth';

export async function GET(request: NextRequest) {
  const { supabase, user } = await getCurrentUser();
  if (!user) return NextResponse.json({ error: 'Unauthorized' }, { status: 401 });

  const boatId = request.nextUrl.searchParams.get('boatId') ?? '';
  const { data: attachments } = await supabase
    .from('attachments')
    .select('id, file_name, storage_path, created_at')
    .eq('boat_id', boatId);

  return NextResponse.json({ attachments });
}
