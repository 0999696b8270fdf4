import { NextResponse } from 'next/server';
import { z } from 'zod';
import { getCurrentUser } from '@/lib/auth';
import { createAdminClient } from '@/utils/supabase/admin';

const bodySchema = z.object({ path: z.string().min(1) });

export async function POST(request: Request) {
  const { user } = await getCurrentUser();
  if (!user) return NextResponse.json({ error: 'Unauthorized' }, { status: 401 });

  const { path } = bodySchema.parse(await request.json());
  const admin = createAdminClient();
  const { data, error } = await admin.storage.from('attachments').createSignedUrl(path, 300);
  if (error) return NextResponse.json({ error: 'Not found' }, { status: 404 });

  return NextResponse.json({ url: data.signedUrl });
}
