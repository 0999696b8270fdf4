import { revalidatePath } from 'next/cache';
import { requireUser } from '@/lib/auth';
import { formatDate, formatMoney } from '@/lib/format';

export default async function ExpensesPage() {
  const { supabase } = await requireUser();
  const { data: expenses } = await supabase
    .from('expenses')
    .select('id, description, amount_cents, spent_on')
    .order('spent_on', { ascending: false });

  async function deleteExpense(formData: FormData) {
    'use server';
    const { supabase } = await requireUser();
    await supabase.from('expenses').delete().eq('id', String(formData.get('id')));
    revalidatePath('/dashboard/expenses');
  }

  return (
    <>
      <h1>Expenses</h1>
      <table>
        <tbody>
          {expenses?.map((expense) => (
            <tr key={expense.id}>
              <td>{expense.description}</td>
              <td>{formatMoney(expense.amount_cents)}</td>
              <td>{formatDate(expense.spent_on)}</td>
              <td>
                <form action={deleteExpense}>
                  <input type="hidden" name="id" value={expense.id} />
                  <button>Delete</button>
                </form>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
