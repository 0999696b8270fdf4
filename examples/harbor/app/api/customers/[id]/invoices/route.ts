import { NextResponse } from 'next/server';
import { withSession } from '@/lib/api';
import { CustomerRepository } from '@/lib/customers/repository';
import { db } from '@/lib/db';

export const GET = withSession<{ id: string }>(async ({ member, params }) => {
  const invoices = await new CustomerRepository(db, member.organizationId).invoicesOf(params.id);
  return NextResponse.json({ invoices });
});
