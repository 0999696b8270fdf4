'use server';

import { revalidatePath } from 'next/cache';
import { requireMembership, requireUser } from '@/lib/auth';

export async function moveAttachment(attachmentId: string, workspaceId: string) {
  const { supabase, user } = await requireUser();

  const { error } = await supabase
    .from('attachments')
    .update({ workspace_id: workspaceId, boat_id: null, uploaded_by: user.id })
    .eq('id', attachmentId);
  if (error) return { error: error.message };

  revalidatePath('/dashboard/boats');
}

export async function uploadPhoto(formData: FormData) {
  const { supabase } = await requireUser();
  const file = formData.get('file') as File;
  const folder = String(formData.get('folder'));

  const { data, error } = await supabase.storage.from('photos').upload(`${folder}/${file.name}`, file);
  if (error) return { error: error.message };

  return { path: data.path };
}

export async function uploadDocument(formData: FormData) {
  const workspaceId = String(formData.get('workspaceId'));
  const { supabase, membership } = await requireMembership(workspaceId);
  const file = formData.get('file') as File;

  const { data, error } = await supabase.storage
    .from('documents')
    .upload(`${membership.workspace_id}/${file.name}`, file);
  if (error) return { error: error.message };

  return { path: data.path };
}
