import { NextResponse } from 'next/server';
import { z } from 'zod';
import { badRequest, notFoundJson, withSession } from '@/lib/api';
import { CustomerRepository } from '@/lib/customers/repository';
import { db } from '@/lib/db';

export const GET = withSession<{ id: string }>(async ({ member, params }) => {
  const customer = await new CustomerRepository(db, member.organizationId).byId(params.id);
  if (!customer) return notFoundJson();
  return NextResponse.json({ customer });
});

export const PATCH = withSession<{ id: string }>(async ({ request, member, params }) => {
  const body = z.object({ status: z.enum(['active', 'paused', 'lost']) }).safeParse(await request.json());
  if (!body.success) return badRequest('Unknown status');
  const customer = await new CustomerRepository(db, member.organizationId).updateStatus(params.id, body.data.status);
  if (!customer) return notFoundJson();
  return NextResponse.json({ customer });
});
