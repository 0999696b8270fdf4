import type { Metadata } from 'next';
import { notFound } from 'next/navigation';
import { requireUser } from '@/lib/auth';
import { createAdminClient } from '@/utils/supabase/admin';

type Props = { params: Promise<{ id: string }> };

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { id } = await params;
  const admin = createAdminClient();
  const { data: boat } = await admin.from('boats').select('name, owner_name').eq('id', id).maybeSingle();

  return { title: boat ? `${boat.name} (${boat.owner_name})` : 'Boat' };
}

export default async function BoatPage({ params }: Props) {
  const { id } = await params;
  const { supabase } = await requireUser();
  const { data: boat } = await supabase
    .from('boats')
    .select('id, name, registration, berth, owner_name, owner_phone, inspections(id, kind, due_on, result)')
    .eq('id', id)
    .maybeSingle();

  if (!boat) notFound();

  return (
    <>
      <h1>{boat.name}</h1>
      <p className="muted">
        {boat.registration} · berth {boat.berth}
      </p>
      <div className="card">
        {boat.owner_name}, {boat.owner_phone}
      </div>
      <ul>
        {boat.inspections.map((inspection) => (
          <li key={inspection.id}>
            {inspection.kind}: {inspection.result ?? inspection.due_on}
          </li>
        ))}
      </ul>
    </>
  );
}
