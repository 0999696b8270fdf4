'use server';

import { and, eq } from 'drizzle-orm';
import { revalidatePath } from 'next/cache';
import { z } from 'zod';
import { issueApiKey } from '@/lib/api-keys';
import { db } from '@/lib/db';
import { apiKeys } from '@/lib/db/schema';
import { requireMember } from '@/lib/session';

export async function createApiKey(name: string) {
  const member = await requireMember();
  const key = await issueApiKey(member.organizationId, member.userId, z.string().min(1).max(60).parse(name));
  revalidatePath('/dashboard/settings');
  return { key };
}

export async function revokeApiKey(keyId: string) {
  const member = await requireMember();
  await db.delete(apiKeys).where(and(eq(apiKeys.id, keyId), eq(apiKeys.organizationId, member.organizationId)));
  revalidatePath('/dashboard/settings');
  return { revoked: keyId };
}
