import type { Metadata } from 'next';
import { notFound } from 'next/navigation';
import { WorkOrderForm } from '@/components/work-order-form';
import { requireUser } from '@/lib/auth';
import { createClient } from '@/utils/supabase/server';

type Props = { params: Promise<{ id: string }> };

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { id } = await params;
  const supabase = await createClient();
  const { data: workOrder } = await supabase.from('work_orders').select('title').eq('id', id).maybeSingle();

  return { title: workOrder?.title ?? 'Work order' };
}

export default async function WorkOrderPage({ params }: Props) {
  const { id } = await params;
  const { supabase } = await requireUser();
  const { data: workOrder } = await supabase
    .from('work_orders')
    .select('id, title, status, due_on, work_order_lines(id, description, quantity), notes(id, body), messages(id, body)')
    .eq('id', id)
    .maybeSingle();

  if (!workOrder) notFound();

  return (
    <>
      <h1>{workOrder.title}</h1>
      <WorkOrderForm id={workOrder.id} title={workOrder.title} status={workOrder.status} dueOn={workOrder.due_on} />
      <h2>Work</h2>
      <ul>
        {workOrder.work_order_lines.map((line) => (
          <li key={line.id}>
            {line.quantity} × {line.description}
          </li>
        ))}
      </ul>
      <h2>Notes</h2>
      {workOrder.notes.map((note) => (
        <p key={note.id}>{note.body}</p>
      ))}
      <h2>Messages</h2>
      {workOrder.messages.map((message) => (
        <p key={message.id}>{message.body}</p>
      ))}
    </>
  );
}
