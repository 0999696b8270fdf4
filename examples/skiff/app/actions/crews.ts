'use server';

import { revalidatePath } from 'next/cache';
import { requireUser } from '@/lib/auth';

export async function createCrew(workspaceId: string, name: string) {
  const { supabase } = await requireUser();

  const { error } = await supabase.from('crews').insert({ workspace_id: workspaceId, name });
  if (error) return { error: error.message };

  revalidatePath('/dashboard/settings/team');
}

export async function joinCrew(workspaceId: string, crewId: string) {
  const { supabase, user } = await requireUser();

  const { error } = await supabase
    .from('crew_members')
    .insert({ workspace_id: workspaceId, crew_id: crewId, user_id: user.id });
  if (error) return { error: error.message };

  revalidatePath('/dashboard/settings/team');
}

export async function leaveCrew(crewId: string) {
  const { supabase, user } = await requireUser();

  const { error } = await supabase.from('crew_members').delete().eq('crew_id', crewId).eq('user_id', user.id);
  if (error) return { error: error.message };

  revalidatePath('/dashboard/settings/team');
}
