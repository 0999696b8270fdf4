import { asc, eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { z } from 'zod';
import { badRequest, notFoundJson, withSession } from '@/lib/api';
import { contacts, customers } from '@/lib/db/schema';
import { withOrganization } from '@/lib/db/scoped';

const newContact = z.object({
  name: z.string().min(1).max(120),
  email: z.email(),
  phone: z.string().optional(),
  customerId: z.uuid().optional(),
});

export const GET = withSession(async ({ member }) => {
  const rows = await withOrganization(member.organizationId, tx =>
    tx
      .select({ id: contacts.id, name: contacts.name, email: contacts.email, phone: contacts.phone })
      .from(contacts)
      .orderBy(asc(contacts.name)),
  );
  return NextResponse.json({ contacts: rows });
});

export const POST = withSession(async ({ request, member }) => {
  const body = newContact.safeParse(await request.json());
  if (!body.success) return badRequest('Name and e-mail are required');
  const { customerId, ...fields } = body.data;
  const contact = await withOrganization(member.organizationId, async tx => {
    if (customerId) {
      const [customer] = await tx.select({ id: customers.id }).from(customers).where(eq(customers.id, customerId));
      if (!customer) return null;
    }
    const [row] = await tx
      .insert(contacts)
      .values({ ...fields, customerId: customerId ?? null, organizationId: member.organizationId })
      .returning({ id: contacts.id, name: contacts.name });
    return row ?? null;
  });
  if (!contact) return notFoundJson();
  return NextResponse.json({ contact }, { status: 201 });
});
