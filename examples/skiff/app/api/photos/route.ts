import { NextResponse, type NextRequest } from 'next/server';
import { getCurrentUser } from '@/lib/auth';

export async function GET(request: NextRequest) {
  const { supabase, user } = await getCurrentUser();
  if (!user) return NextResponse.json({ error: 'Unauthorized' }, { status: 401 });

  const path = request.nextUrl.searchParams.get('path') ?? '';
  const { data, error } = await supabase.storage.from('photos').download(path);
  if (error) return NextResponse.json({ error: 'Not found' }, { status: 404 });

  return new Response(data, { headers: { 'Content-Type': data.type, 'Cache-Control': 'private, max-age=60' } });
}
