'use server';

import { and, desc, eq, inArray, isNotNull } from 'drizzle-orm';
import { db } from '@/lib/db';
import { orders } from '@/lib/db/schema';
import { requireMember } from '@/lib/session';

/** Orders that were put away, newest first. */
export async function listArchivedOrders() {
  const member = await requireMember();
  return db
    .select({ id: orders.id, reference: orders.reference, archivedAt: orders.archivedAt })
    .from(orders)
    .where(and(eq(orders.organizationId, member.organizationId), isNotNull(orders.archivedAt)))
    .orderBy(desc(orders.archivedAt));
}

export async function archiveOrders(orderIds: string[]) {
  const archived = await db
    .update(orders)
    .set({ archivedAt: new Date() })
    .where(inArray(orders.id, orderIds))
    .returning({ id: orders.id, reference: orders.reference });
  return { archived };
}
