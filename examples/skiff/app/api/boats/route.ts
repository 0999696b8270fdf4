import { NextResponse } from 'next/server';
import { z } from 'zod';
import { getCurrentUser } from '@/lib/auth';

const bodySchema = z.object({
  workspaceId: z.string().uuid(),
  name: z.string().min(1),
  registration: z.string().optional(),
  berth: z.string().optional(),
});

export async function GET() {
  const { supabase, user } = await getCurrentUser();
  if (!user) return NextResponse.json({ error: 'Unauthorized' }, { status: 401 });

  const { data: boats, error } = await supabase.from('boats').select('*').order('name');
  if (error) return NextResponse.json({ error: error.message }, { status: 500 });

  return NextResponse.json({ boats }, { headers: { 'Cache-Control': 'private, no-store' } });
}

export async function POST(request: Request) {
  const { supabase, user } = await getCurrentUser();
  if (!user) return NextResponse.json({ error: 'Unauthorized' }, { status: 401 });

  const { workspaceId, ...values } = bodySchema.parse(await request.json());
  const { error } = await supabase.from('boats').insert({ ...values, workspace_id: workspaceId });
  if (error) return NextResponse.json({ error: 'Could not add the boat' }, { status: 400 });

  return NextResponse.json({ ok: true }, { status: 201 });
}
