import Link from 'next/link';
import { createBoat } from '@/app/actions/boats';
import { requireUser } from '@/lib/auth';

export default async function BoatsPage() {
  const { supabase } = await requireUser();
  const { data: boats } = await supabase
    .from('boat_overview')
    .select('id, name, registration, berth, open_work_orders')
    .order('name');

  async function addBoat(formData: FormData) {
    'use server';
    await createBoat(formData);
  }

  return (
    <>
      <h1>Boats</h1>
      <table>
        <tbody>
          {boats?.map((boat) => (
            <tr key={boat.id}>
              <td>
                <Link href={`/dashboard/boats/${boat.id}`}>{boat.name}</Link>
              </td>
              <td>{boat.registration}</td>
              <td>{boat.berth}</td>
              <td>{boat.open_work_orders} open</td>
            </tr>
          ))}
        </tbody>
      </table>
      <form action={addBoat} className="card">
        <input name="name" placeholder="Name" required /> <input name="berth" placeholder="Berth" /> <button>Add</button>
      </form>
    </>
  );
}
