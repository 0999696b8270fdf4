'use server';

import { and, eq } from 'drizzle-orm';
import { revalidatePath } from 'next/cache';
import { z } from 'zod';
import { db } from '@/lib/db';
import { customers, notes } from '@/lib/db/schema';
import { requireMember } from '@/lib/session';

const noteForm = z.object({
  organizationId: z.string().min(1),
  customerId: z.uuid(),
  body: z.string().min(1).max(4000),
});

export async function addNote(input: z.input<typeof noteForm>) {
  const member = await requireMember();
  const form = noteForm.parse(input);
  const [note] = await db
    .insert(notes)
    .values({ ...form, authorId: member.userId })
    .returning({ id: notes.id });
  revalidatePath(`/dashboard/customers/${form.customerId}`);
  return { id: note?.id };
}

export async function addCallNote(input: { customerId: string; summary: string }) {
  const member = await requireMember();
  const [customer] = await db
    .select({ id: customers.id })
    .from(customers)
    .where(and(eq(customers.id, input.customerId), eq(customers.organizationId, member.organizationId)));
  if (!customer) return { error: 'Customer not found' };
  const [note] = await db
    .insert(notes)
    .values({
      organizationId: member.organizationId,
      customerId: customer.id,
      authorId: member.userId,
      body: `Call: ${input.summary}`,
    })
    .returning({ id: notes.id });
  return { id: note?.id };
}

export async function pinNote(noteId: string, pinned: boolean) {
  const member = await requireMember();
  const [note] = await db
    .update(notes)
    .set({ pinned })
    .where(and(eq(notes.id, noteId), eq(notes.organizationId, member.organizationId)))
    .returning({ id: notes.id, pinned: notes.pinned });
  return note ?? { error: 'Note not found' };
}
