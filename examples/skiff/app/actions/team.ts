'use server';

import { revalidatePath } from 'next/cache';
import { z } from 'zod';
import { requireOwner, requireUser } from '@/lib/auth';
import { createAdminClient } from '@/utils/supabase/admin';

const roleSchema = z.enum(['owner', 'manager', 'member']);

export async function addMember(workspaceId: string, userId: string, role: string) {
  const { supabase } = await requireUser();

  const { error } = await supabase
    .from('members')
    .insert({ workspace_id: workspaceId, user_id: userId, role: roleSchema.parse(role) });
  if (error) return { error: 'Could not add this person' };

  revalidatePath('/dashboard/settings/team');
}

export async function changeRole(workspaceId: string, userId: string, role: string) {
  await requireUser();

  const admin = createAdminClient();
  const { error } = await admin
    .from('members')
    .update({ role: roleSchema.parse(role) })
    .eq('workspace_id', workspaceId)
    .eq('user_id', userId);
  if (error) return { error: error.message };

  revalidatePath('/dashboard/settings/team');
}

export async function removeMember(workspaceId: string, userId: string) {
  await requireOwner(workspaceId);

  const admin = createAdminClient();
  const { error } = await admin.from('members').delete().eq('workspace_id', workspaceId).eq('user_id', userId);
  if (error) return { error: error.message };

  revalidatePath('/dashboard/settings/team');
}
