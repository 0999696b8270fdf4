import { and, eq } from 'drizzle-orm';
import { db } from './db';
import { member, orders, uploads } from './db/schema';

export class AccessError extends Error {
  readonly status = 403;
  constructor(message = 'You do not have access to this organization') {
    super(message);
    this.name = 'AccessError';
  }
}

export async function findMembership(organizationId: string, userId: string) {
  const [row] = await db
    .select({ id: member.id, role: member.role })
    .from(member)
    .where(and(eq(member.organizationId, organizationId), eq(member.userId, userId)))
    .limit(1);
  return row ?? null;
}

export async function isMember(organizationId: string, userId: string): Promise<boolean> {
  const membership = await findMembership(organizationId, userId);
  return membership !== null;
}

export async function assertMember(organizationId: string, userId: string): Promise<void> {
  if (!(await isMember(organizationId, userId))) throw new AccessError();
}

/** Ids of every organization the user belongs to. */
export async function organizationIdsOf(userId: string): Promise<string[]> {
  const rows = await db.select({ organizationId: member.organizationId }).from(member).where(eq(member.userId, userId));
  return rows.map(row => row.organizationId);
}

/** Throws unless the user is a member of the organization that runs the order. */
export async function assertOrderAccess(orderId: string, userId: string): Promise<void> {
  const [row] = await db
    .select({ id: orders.id })
    .from(orders)
    .innerJoin(member, eq(member.organizationId, orders.organizationId))
    .where(and(eq(orders.id, orderId), eq(member.userId, userId)))
    .limit(1);
  if (!row) throw new AccessError('You do not have access to this order');
}

export async function canEditUpload(uploadId: string, userId: string): Promise<boolean> {
  const [row] = await db
    .select({ id: uploads.id })
    .from(uploads)
    .innerJoin(member, eq(member.organizationId, uploads.organizationId))
    .where(and(eq(uploads.id, uploadId), eq(member.userId, userId)))
    .limit(1);
  return row !== undefined;
}
