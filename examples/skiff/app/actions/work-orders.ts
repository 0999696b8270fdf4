'use server';

import { revalidatePath } from 'next/cache';
import { z } from 'zod';
import { requireUser } from '@/lib/auth';

const workOrderSchema = z.object({
  title: z.string().min(1),
  status: z.enum(['open', 'in_progress', 'done']),
  due_on: z.string().nullable(),
});

export async function updateWorkOrder(workOrderId: string, input: z.infer<typeof workOrderSchema>) {
  const { supabase } = await requireUser();
  const values = workOrderSchema.parse(input);

  const { error } = await supabase.from('work_orders').update(values).eq('id', workOrderId);
  if (error) return { error: error.message };

  revalidatePath(`/dashboard/work-orders/${workOrderId}`);
}

export async function closeWorkOrder(workOrderId: string) {
  const { supabase } = await requireUser();

  const { error } = await supabase.rpc('close_work_order', { p_work_order_id: workOrderId });
  if (error) return { error: 'Could not close this work order' };

  revalidatePath(`/dashboard/work-orders/${workOrderId}`);
}

export async function addNote(workOrderId: string, body: string) {
  const { supabase, user } = await requireUser();

  const { error } = await supabase.from('notes').insert({
    work_order_id: workOrderId,
    author_id: user.id,
    body,
  });
  if (error) return { error: 'Could not save the note' };

  revalidatePath(`/dashboard/work-orders/${workOrderId}`);
}

export async function sendMessage(workOrderId: string, body: string) {
  const { supabase, user } = await requireUser();

  const { error } = await supabase.from('messages').insert({
    work_order_id: workOrderId,
    author_id: user.id,
    body,
  });
  if (error) return { error: 'Could not send the message' };

  revalidatePath(`/dashboard/work-orders/${workOrderId}`);
}
