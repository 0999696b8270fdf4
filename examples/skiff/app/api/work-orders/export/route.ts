import { NextResponse, type NextRequest } from 'next/server';
import { requireMembership } from '@/lib/auth';
import { csvResponse, toCsv } from '@/lib/csv';
import { listWorkOrdersForExport } from '@/lib/data/work-orders';

export async function GET(request: NextRequest) {
  const workspaceId = request.nextUrl.searchParams.get('workspaceId');
  if (!workspaceId) return NextResponse.json({ error: 'workspaceId is required' }, { status: 400 });

  await requireMembership(workspaceId);

  const workOrders = await listWorkOrdersForExport(workspaceId);
  return csvResponse('work-orders.csv', toCsv(['title', 'status', 'due_on', 'created_at'], workOrders));
}
