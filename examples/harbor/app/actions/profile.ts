'use server';

import { revalidatePath } from 'next/cache';
import { z } from 'zod';
import { db } from '@/lib/db';
import { profiles } from '@/lib/db/schema';
import { requireMember } from '@/lib/session';

const profileForm = z.object({
  displayName: z.string().min(1).max(80),
  title: z.string().max(80).optional(),
  timezone: z.string().default('America/Chicago'),
});

export async function saveProfile(input: z.input<typeof profileForm>) {
  const member = await requireMember();
  const form = profileForm.parse(input);
  await db
    .insert(profiles)
    .values({ ...form, userId: member.userId })
    .onConflictDoUpdate({ target: profiles.userId, set: { ...form, updatedAt: new Date() } });
  revalidatePath('/dashboard/settings');
  return { saved: true };
}
