import { NextResponse, type NextRequest } from 'next/server';
import { organizationIdsOf } from '@/lib/access';
import { badRequest, unauthorized } from '@/lib/api';
import { listInvoices } from '@/lib/invoices';
import { getSession } from '@/lib/session';

/** Polled by the desktop widget, which sends the workspace it is pinned to. */
export async function GET(request: NextRequest) {
  const session = await getSession();
  if (!session) return unauthorized();
  const organizationId = request.headers.get('x-organization-id');
  if (!organizationId) return badRequest('x-organization-id is missing');
  const allowed = await organizationIdsOf(session.user.id);
  if (!allowed.includes(organizationId)) return NextResponse.json({ items: [] });
  const invoices = await listInvoices(organizationId);
  return NextResponse.json({ items: invoices.slice(0, 20) });
}
