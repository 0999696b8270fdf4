'use server';

import { revalidatePath } from 'next/cache';
import { z } from 'zod';
import { currentMembership, requireUser } from '@/lib/auth';

const boatSchema = z.object({
  name: z.string().min(1),
  registration: z.string().optional(),
  berth: z.string().optional(),
  owner_name: z.string().optional(),
  owner_phone: z.string().optional(),
});

export async function createBoat(formData: FormData) {
  const { supabase, membership } = await currentMembership();
  const values = boatSchema.parse(Object.fromEntries(formData));

  const { error } = await supabase.from('boats').insert({ ...values, workspace_id: membership.workspace_id });
  if (error) return { error: error.message };

  revalidatePath('/dashboard/boats');
}

export async function updateBoat(boatId: string, workspaceId: string, input: z.infer<typeof boatSchema>) {
  const { supabase } = await requireUser();
  const values = boatSchema.parse(input);

  const { error } = await supabase
    .from('boats')
    .update({ ...values, workspace_id: workspaceId })
    .eq('id', boatId);
  if (error) return { error: error.message };

  revalidatePath(`/dashboard/boats/${boatId}`);
}
