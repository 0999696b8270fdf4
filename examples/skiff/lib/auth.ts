import { notFound, redirect } from 'next/navigation';
import { createClient } from '@/utils/supabase/server';

/** The signed-in user, verified by the auth server, and a client that acts as that user. */
export async function requireUser() {
  const supabase = await createClient();
  const {
    data: { user },
  } = await supabase.auth.getUser();

  if (!user) redirect('/login');

  return { supabase, user };
}

/** For route handlers, which answer 401 themselves. */
export async function getCurrentUser() {
  const supabase = await createClient();
  const { data, error } = await supabase.auth.getUser();
  return { supabase, user: error ? null : data.user };
}

export async function requireMembership(workspaceId: string) {
  const { supabase, user } = await requireUser();

  const { data: membership } = await supabase
    .from('members')
    .select('workspace_id, role')
    .eq('workspace_id', workspaceId)
    .eq('user_id', user.id)
    .maybeSingle();

  if (!membership) notFound();

  return { supabase, user, membership };
}

export async function requireOwner(workspaceId: string) {
  const { supabase, user, membership } = await requireMembership(workspaceId);

  if (membership.role !== 'owner') notFound();

  return { supabase, user, membership };
}

/** The workspace the user works in: the first one joined. */
export async function currentMembership() {
  const { supabase, user } = await requireUser();

  const { data: membership } = await supabase
    .from('members')
    .select('workspace_id, role')
    .eq('user_id', user.id)
    .order('created_at')
    .limit(1)
    .maybeSingle();

  if (!membership) redirect('/login?message=no-workspace');

  return { supabase, user, membership };
}
