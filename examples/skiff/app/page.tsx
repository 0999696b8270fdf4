import Link from 'next/link';
import { formatMoney } from '@/lib/format';
import { createClient } from '@/utils/supabase/server';

export default async function HomePage() {
  const supabase = await createClient();
  const { data: plans } = await supabase
    .from('plans')
    .select('id, name, price_cents, max_boats')
    .eq('is_active', true)
    .order('price_cents');

  return (
    <main>
      <h1>Skiff keeps the yard in order</h1>
      <p>Work orders, quotes and invoices for boat yards with more boats than whiteboards.</p>
      {plans?.map((plan) => (
        <div className="card" key={plan.id}>
          <h2>{plan.name}</h2>
          <p>
            {formatMoney(plan.price_cents)} a month, up to {plan.max_boats} boats
          </p>
        </div>
      ))}
      <Link href="/login">Sign in</Link>
    </main>
  );
}
