import { NextResponse, type NextRequest } from 'next/server';
import { notFoundJson, unauthorized } from '@/lib/api';
import { getInvoice } from '@/lib/invoices';
import { getMember } from '@/lib/session';

export async function GET(_request: NextRequest, { params }: { params: Promise<{ id: string }> }) {
  const member = await getMember();
  if (!member) return unauthorized();
  const { id } = await params;
  const invoice = await getInvoice(id);
  if (!invoice) return notFoundJson();
  return NextResponse.json({ invoice });
}
