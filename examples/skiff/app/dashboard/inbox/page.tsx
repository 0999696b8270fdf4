import { requireUser } from '@/lib/auth';
import { formatDate } from '@/lib/format';

export default async function InboxPage() {
  const { supabase } = await requireUser();
  const { data: requests } = await supabase
    .from('service_requests')
    .select('id, customer_name, customer_phone, description, created_at')
    .is('assigned_to', null)
    .order('created_at', { ascending: false });

  return (
    <>
      <h1>Waiting for someone</h1>
      {requests?.map((request) => (
        <div className="card" key={request.id}>
          <strong>{request.customer_name}</strong> {request.customer_phone}
          <p>{request.description}</p>
          <span className="muted">{formatDate(request.created_at)}</span>
        </div>
      ))}
    </>
  );
}
