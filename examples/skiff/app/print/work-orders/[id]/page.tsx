import { notFound } from 'next/navigation';
import { getJobSheet } from '@/lib/data/work-orders';
import { formatDate } from '@/lib/format';

// Printed from the tablets in the sheds; they reload a lot.
export const revalidate = 300;

export function generateStaticParams() {
  return [];
}

export default async function JobSheetPage({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const sheet = await getJobSheet(id);

  if (!sheet) notFound();

  return (
    <main>
      <h1>{sheet.title}</h1>
      <p>Due {formatDate(sheet.due_on)}</p>
      <pre>{JSON.stringify(sheet.boats, null, 2)}</pre>
      <ul>
        {sheet.work_order_lines.map((line) => (
          <li key={line.description}>
            {line.quantity} × {line.description}
          </li>
        ))}
      </ul>
    </main>
  );
}
