import { asc, eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { z } from 'zod';
import { badRequest, notFoundJson, withSession } from '@/lib/api';
import { db } from '@/lib/db';
import { messages, orders } from '@/lib/db/schema';

export const GET = withSession<{ id: string }>(async ({ params }) => {
  const thread = await db
    .select({ id: messages.id, body: messages.body, authorId: messages.authorId, createdAt: messages.createdAt })
    .from(messages)
    .where(eq(messages.orderId, params.id))
    .orderBy(asc(messages.createdAt));
  return NextResponse.json({ messages: thread });
});

export const POST = withSession<{ id: string }>(async ({ request, member, params }) => {
  const body = z.object({ body: z.string().min(1).max(4000) }).safeParse(await request.json());
  if (!body.success) return badRequest('Write a message first');
  const order = await db.query.orders.findFirst({
    where: eq(orders.id, params.id),
    columns: { id: true, organizationId: true },
  });
  if (!order || order.organizationId !== member.organizationId) return notFoundJson();
  const [message] = await db
    .insert(messages)
    .values({
      orderId: order.id,
      organizationId: order.organizationId,
      authorId: member.userId,
      body: body.data.body,
    })
    .returning({ id: messages.id, body: messages.body });
  return NextResponse.json({ message }, { status: 201 });
});
