'use server';

import { and, asc, desc, eq, isNull } from 'drizzle-orm';
import { db } from '@/lib/db';
import { messages, orders } from '@/lib/db/schema';
import { requireMember } from '@/lib/session';

/** The latest messages of the workspace. */
export async function listInbox() {
  const member = await requireMember();
  return db
    .select({
      id: messages.id,
      body: messages.body,
      readAt: messages.readAt,
      createdAt: messages.createdAt,
      orderId: orders.id,
      reference: orders.reference,
    })
    .from(messages)
    .innerJoin(orders, eq(orders.id, messages.orderId))
    .where(eq(orders.organizationId, member.organizationId))
    .orderBy(desc(messages.createdAt))
    .limit(100);
}

export async function getThread(orderId: string) {
  await requireMember();
  return db
    .select({ id: messages.id, body: messages.body, createdAt: messages.createdAt })
    .from(messages)
    .where(eq(messages.orderId, orderId))
    .orderBy(asc(messages.createdAt));
}

export async function markThreadRead(orderId: string) {
  const member = await requireMember();
  const rows = await db
    .update(messages)
    .set({ readAt: new Date() })
    .where(
      and(
        eq(messages.orderId, orderId),
        eq(messages.organizationId, member.organizationId),
        isNull(messages.readAt),
      ),
    )
    .returning({ id: messages.id });
  return { read: rows.length };
}
