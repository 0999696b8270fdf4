import { eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { z } from 'zod';
import { badRequest, notFoundJson, withSession } from '@/lib/api';
import { contacts } from '@/lib/db/schema';
import { withOrganization } from '@/lib/db/scoped';

const changes = z.object({
  name: z.string().min(1).optional(),
  email: z.email().optional(),
  phone: z.string().optional(),
  organizationId: z.string().optional(),
});

/** Edits a contact, or hands it over to another workspace of the same group. */
export const PATCH = withSession<{ id: string }>(async ({ request, member, params }) => {
  const body = changes.safeParse(await request.json());
  if (!body.success) return badRequest('Nothing to change');
  const [contact] = await withOrganization(member.organizationId, tx =>
    tx
      .update(contacts)
      .set(body.data)
      .where(eq(contacts.id, params.id))
      .returning({ id: contacts.id, name: contacts.name, email: contacts.email }),
  );
  if (!contact) return notFoundJson();
  return NextResponse.json({ contact });
});
