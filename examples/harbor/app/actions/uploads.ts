'use server';

import { eq } from 'drizzle-orm';
import { revalidatePath } from 'next/cache';
import { canEditUpload } from '@/lib/access';
import { db } from '@/lib/db';
import { uploads } from '@/lib/db/schema';
import { requireUser } from '@/lib/session';

export async function renameUpload(uploadId: string, filename: string) {
  const user = await requireUser();
  await canEditUpload(uploadId, user.id);
  const [upload] = await db
    .update(uploads)
    .set({ filename })
    .where(eq(uploads.id, uploadId))
    .returning({ id: uploads.id, filename: uploads.filename });
  revalidatePath('/dashboard/orders');
  return upload ?? { error: 'File not found' };
}

export async function replaceUpload(uploadId: string, content: string) {
  const user = await requireUser();
  const allowed = await canEditUpload(uploadId, user.id);
  if (!allowed) return { error: 'File not found' };
  const [upload] = await db
    .update(uploads)
    .set({ content })
    .where(eq(uploads.id, uploadId))
    .returning({ id: uploads.id, filename: uploads.filename });
  revalidatePath('/dashboard/orders');
  return upload ?? { error: 'File not found' };
}
