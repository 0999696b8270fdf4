'use server';

import { redirect } from 'next/navigation';
import { createClient } from '@/utils/supabase/server';
import { requireUser } from '@/lib/auth';

export async function signIn(formData: FormData) {
  const supabase = await createClient();
  const { error } = await supabase.auth.signInWithPassword({
    email: String(formData.get('email')),
    password: String(formData.get('password')),
  });

  if (error) redirect('/login?message=invalid');
  redirect('/dashboard');
}

export async function signOut() {
  const supabase = await createClient();
  await supabase.auth.signOut();
  redirect('/');
}

export async function createWorkspace(formData: FormData) {
  const { supabase } = await requireUser();
  const { error } = await supabase.rpc('create_workspace', {
    p_name: String(formData.get('name')),
    p_slug: String(formData.get('slug')),
  });

  if (error) return { error: error.message };
  redirect('/dashboard');
}
