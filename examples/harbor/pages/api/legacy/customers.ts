import { fromNodeHeaders } from 'better-auth/node';
import { and, eq } from 'drizzle-orm';
import type { NextApiRequest, NextApiResponse } from 'next';
import { auth } from '@/lib/auth';
import { db } from '@/lib/db';
import { customers } from '@/lib/db/schema';

/** Used by the Excel add-in until it moves to /api/v1. */
export default async function handler(req: NextApiRequest, res: NextApiResponse) {
  const session = await auth.api.getSession({ headers: fromNodeHeaders(req.headers) });
  if (!session?.session.activeOrganizationId) return res.status(401).json({ error: 'Sign in first' });
  const id = String(req.query.id ?? '');
  if (!id) return res.status(400).json({ error: 'id is required' });
  const [customer] = await db
    .select({ name: customers.name, email: customers.email, creditLimitCents: customers.creditLimitCents })
    .from(customers)
    .where(and(eq(customers.id, id), eq(customers.organizationId, session.session.activeOrganizationId)));
  if (!customer) return res.status(404).json({ error: 'Not found' });
  return res.status(200).json(customer);
}
