import { requireUser } from '@/lib/auth';
import { formatMoney } from '@/lib/format';

export default async function PartsPage() {
  const { supabase } = await requireUser();
  const { data: parts } = await supabase
    .from('catalog_parts')
    .select('id, workspace_id, sku, name, price_cents')
    .order('sku');

  return (
    <>
      <h1>Parts</h1>
      <table>
        <tbody>
          {parts?.map((part) => (
            <tr key={part.id}>
              <td>{part.sku}</td>
              <td>{part.name}</td>
              <td>{formatMoney(part.price_cents)}</td>
              <td className="muted">{part.workspace_id ? 'yours' : 'shared'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
