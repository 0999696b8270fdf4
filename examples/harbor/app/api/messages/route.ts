import { and, desc, eq } from 'drizzle-orm';
import { NextResponse, type NextRequest } from 'next/server';
import { z } from 'zod';
import { isMember } from '@/lib/access';
import { badRequest, unauthorized } from '@/lib/api';
import { db } from '@/lib/db';
import { messages } from '@/lib/db/schema';
import { getSession } from '@/lib/session';

const filters = z.object({ orderId: z.uuid(), organizationId: z.string().optional() });

export async function GET(request: NextRequest) {
  const session = await getSession();
  if (!session) return unauthorized();
  const parsed = filters.safeParse(Object.fromEntries(request.nextUrl.searchParams));
  if (!parsed.success) return badRequest('orderId is required');
  const { orderId, organizationId } = parsed.data;
  if (organizationId && !(await isMember(organizationId, session.user.id))) {
    return NextResponse.json({ error: 'Not a member' }, { status: 403 });
  }
  const rows = await db
    .select({ id: messages.id, body: messages.body, createdAt: messages.createdAt })
    .from(messages)
    .where(
      and(
        eq(messages.orderId, orderId),
        organizationId ? eq(messages.organizationId, organizationId) : undefined,
      ),
    )
    .orderBy(desc(messages.createdAt));
  return NextResponse.json({ messages: rows });
}
