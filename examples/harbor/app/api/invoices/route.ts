import { NextResponse } from 'next/server';
import { withSession } from '@/lib/api';
import { listInvoices } from '@/lib/invoices';

export const GET = withSession(async ({ member }) =>
  NextResponse.json({ invoices: await listInvoices(member.organizationId) }),
);
