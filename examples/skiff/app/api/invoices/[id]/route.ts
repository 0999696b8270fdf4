import { NextResponse } from 'next/server';
import { getCurrentUser } from '@/lib/auth';
import { getInvoiceDocument } from '@/lib/data/invoices';
import { isMember } from '@/lib/membership';

export async function GET(_request: Request, { params }: { params: Promise<{ id: string }> }) {
  const { id } = await params;
  const { user } = await getCurrentUser();
  if (!user) return NextResponse.json({ error: 'Unauthorized' }, { status: 401 });

  const invoice = await getInvoiceDocument(id);
  if (!invoice) return NextResponse.json({ error: 'Not found' }, { status: 404 });

  const allowed = await isMember(user.id, invoice.workspace_id);
  if (!allowed) return NextResponse.json({ error: 'Not found' }, { status: 404 });

  return NextResponse.json({ invoice });
}
