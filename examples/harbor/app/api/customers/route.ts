import { NextResponse } from 'next/server';
import { z } from 'zod';
import { badRequest, withSession } from '@/lib/api';
import { CustomerRepository } from '@/lib/customers/repository';
import { db } from '@/lib/db';

const newCustomer = z.object({
  name: z.string().min(1).max(120),
  email: z.email(),
  phone: z.string().optional(),
  city: z.string().optional(),
});

export const GET = withSession(async ({ member }) => {
  const customers = new CustomerRepository(db, member.organizationId);
  return NextResponse.json({ customers: await customers.list() });
});

export const POST = withSession(async ({ request, member }) => {
  const body = newCustomer.safeParse(await request.json());
  if (!body.success) return badRequest('Name and e-mail are required');
  const customers = new CustomerRepository(db, member.organizationId);
  return NextResponse.json({ customer: await customers.create(body.data) }, { status: 201 });
});
