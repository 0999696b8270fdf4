import { NextResponse } from 'next/server';
import { z } from 'zod';
import { getCurrentUser } from '@/lib/auth';

const bodySchema = z.object({ path: z.string().min(1) });

export async function POST(request: Request) {
  const { supabase, user } = await getCurrentUser();
  if (!user) return NextResponse.json({ error: 'Unauthorized' }, { status: 401 });

  const { path } = bodySchema.parse(await request.json());
  const { data, error } = await supabase.storage.from('documents').createSignedUrl(path, 300);
  if (error) return NextResponse.json({ error: 'Not found' }, { status: 404 });

  return NextResponse.json({ url: data.signedUrl });
}
