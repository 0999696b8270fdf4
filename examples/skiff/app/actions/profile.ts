'use server';

import { revalidatePath } from 'next/cache';
import { z } from 'zod';
import { requireUser } from '@/lib/auth';

const profileSchema = z.object({ full_name: z.string().min(1), phone: z.string().optional() });

export async function updateProfile(formData: FormData) {
  const { supabase, user } = await requireUser();
  const values = profileSchema.parse(Object.fromEntries(formData));

  const { error } = await supabase.from('profiles').update(values).eq('id', user.id);
  if (error) return { error: error.message };

  revalidatePath('/dashboard');
}
