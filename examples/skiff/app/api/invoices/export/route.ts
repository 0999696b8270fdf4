import { NextResponse, type NextRequest } from 'next/server';
import { getCurrentUser } from '@/lib/auth';
import { csvResponse, toCsv } from '@/lib/csv';
import { listInvoicesForExport } from '@/lib/data/invoices';

export async function GET(request: NextRequest) {
  const { user } = await getCurrentUser();
  if (!user) return NextResponse.json({ error: 'Unauthorized' }, { status: 401 });

  const workspaceId = request.nextUrl.searchParams.get('workspaceId');
  if (!workspaceId) return NextResponse.json({ error: 'workspaceId is required' }, { status: 400 });

  const invoices = await listInvoicesForExport(workspaceId);
  const csv = toCsv(['number', 'customer_name', 'customer_email', 'status', 'total_cents', 'issued_on'], invoices);
  return csvResponse('invoices.csv', csv);
}
