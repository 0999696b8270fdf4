import Link from 'next/link';
import { requireUser } from '@/lib/auth';
import { formatDate } from '@/lib/format';

export default async function WorkOrdersPage({ searchParams }: { searchParams: Promise<{ status?: string }> }) {
  const { status } = await searchParams;
  const { supabase } = await requireUser();

  let query = supabase.from('work_orders').select('id, title, status, due_on, boats(name)').order('due_on');
  if (status) query = query.eq('status', status);
  const { data: workOrders } = await query;

  return (
    <>
      <h1>Work orders</h1>
      <table>
        <tbody>
          {workOrders?.map((workOrder) => (
            <tr key={workOrder.id}>
              <td>
                <Link href={`/dashboard/work-orders/${workOrder.id}`}>{workOrder.title}</Link>
              </td>
              <td>{workOrder.status}</td>
              <td>{formatDate(workOrder.due_on)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
