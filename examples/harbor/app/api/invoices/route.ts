import { NextResponse } from 'next/server';
import { z } from 'zod';
import { badRequest, withSession } from '@/lib/api';
import { db } from '@/lib/db';
import { invoices } from '@/lib/db/schema';
import { listInvoices } from '@/lib/invoices';

const newInvoice = z.object({
  customerId: z.uuid(),
  number: z.string().min(1).max(40),
  amountCents: z.number().int().positive(),
  dueDate: z.iso.date().optional(),
});

export const GET = withSession(async ({ member }) =>
  NextResponse.json({ invoices: await listInvoices(member.organizationId) }),
);

export const POST = withSession(async ({ request, member }) => {
  const body = newInvoice.safeParse(await request.json());
  if (!body.success) return badRequest('Check the invoice');
  const [invoice] = await db
    .insert(invoices)
    .values({ ...body.data, organizationId: member.organizationId })
    .onConflictDoNothing()
    .returning({ id: invoices.id, number: invoices.number });
  if (!invoice) return badRequest('This number is taken');
  return NextResponse.json({ invoice }, { status: 201 });
});
