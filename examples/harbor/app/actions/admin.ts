'use server';

import { eq } from 'drizzle-orm';
import { revalidatePath } from 'next/cache';
import { db } from '@/lib/db';
import { organization } from '@/lib/db/schema';
import { requireStaff, requireUser } from '@/lib/session';

export async function suspendOrganization(organizationId: string) {
  await requireUser();
  const [row] = await db
    .update(organization)
    .set({ suspendedAt: new Date() })
    .where(eq(organization.id, organizationId))
    .returning({ id: organization.id, name: organization.name });
  revalidatePath('/admin');
  return row ?? { error: 'Organization not found' };
}

export async function reinstateOrganization(organizationId: string) {
  await requireStaff();
  const [row] = await db
    .update(organization)
    .set({ suspendedAt: null })
    .where(eq(organization.id, organizationId))
    .returning({ id: organization.id, name: organization.name });
  revalidatePath('/admin');
  return row ?? { error: 'Organization not found' };
}
