import { requireUser } from '@/lib/auth';
import { formatMoney } from '@/lib/format';

export default async function OverviewPage() {
  const { supabase } = await requireUser();

  const { count: boats } = await supabase.from('boats').select('id', { count: 'exact', head: true });
  const { count: openOrders } = await supabase
    .from('work_orders')
    .select('id', { count: 'exact', head: true })
    .neq('status', 'done');
  const { data: balances } = await supabase.from('open_balances').select('workspace_id, open_invoices, open_cents');

  return (
    <>
      <h1>Overview</h1>
      <div className="card">{boats ?? 0} boats in the yard</div>
      <div className="card">{openOrders ?? 0} open work orders</div>
      {balances?.map((balance) => (
        <div className="card" key={balance.workspace_id}>
          {balance.open_invoices} open invoices, {formatMoney(balance.open_cents)} outstanding
        </div>
      ))}
    </>
  );
}
