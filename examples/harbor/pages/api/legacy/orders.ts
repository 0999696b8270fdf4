import { fromNodeHeaders } from 'better-auth/node';
import { eq } from 'drizzle-orm';
import type { NextApiRequest, NextApiResponse } from 'next';
import { auth } from '@/lib/auth';
import { db } from '@/lib/db';
import { orders } from '@/lib/db/schema';

/** Used by the Excel add-in until it moves to /api/v1. */
export default async function handler(req: NextApiRequest, res: NextApiResponse) {
  const session = await auth.api.getSession({ headers: fromNodeHeaders(req.headers) });
  if (!session) return res.status(401).json({ error: 'Sign in first' });
  const id = String(req.query.id ?? '');
  if (!id) return res.status(400).json({ error: 'id is required' });
  const [order] = await db
    .select({ reference: orders.reference, priceCents: orders.priceCents, carrierCostCents: orders.carrierCostCents })
    .from(orders)
    .where(eq(orders.id, id));
  if (!order) return res.status(404).json({ error: 'Not found' });
  return res.status(200).json(order);
}
