import { tool } from 'ai';
import { and, desc, eq, ilike } from 'drizzle-orm';
import { z } from 'zod';
import { db } from '../db';
import { invoices, messages, notes, orders } from '../db/schema';
import { orderStatuses } from '../orders';
import type { Member } from '../session';

/** The tools of the support assistant, bound to the member who is chatting. */
export function assistantTools(member: Member) {
  return {
    findOrders: tool({
      description: 'Find orders of the workspace by reference, origin or destination.',
      inputSchema: z.object({ text: z.string() }),
      execute: async ({ text }) =>
        db
          .select({ id: orders.id, reference: orders.reference, status: orders.status })
          .from(orders)
          .where(and(eq(orders.organizationId, member.organizationId), ilike(orders.reference, `%${text}%`)))
          .limit(10),
    }),

    findInvoices: tool({
      description: 'List invoices of an organization, optionally with a status.',
      inputSchema: z.object({ organizationId: z.string(), status: z.string().optional() }),
      execute: async ({ organizationId, status }) =>
        db
          .select({ number: invoices.number, amountCents: invoices.amountCents, status: invoices.status })
          .from(invoices)
          .where(and(eq(invoices.organizationId, organizationId), status ? eq(invoices.status, status) : undefined))
          .orderBy(desc(invoices.createdAt))
          .limit(20),
    }),

    customerNotes: tool({
      description: 'Read the internal notes about a customer.',
      inputSchema: z.object({ customerId: z.uuid() }),
      execute: async ({ customerId }) =>
        db.select({ body: notes.body, createdAt: notes.createdAt }).from(notes).where(eq(notes.customerId, customerId)),
    }),

    orderMessages: tool({
      description: 'Read the messages about an order.',
      inputSchema: z.object({ orderId: z.uuid() }),
      execute: async ({ orderId }) =>
        db
          .select({ body: messages.body, createdAt: messages.createdAt })
          .from(messages)
          .where(and(eq(messages.orderId, orderId), eq(messages.organizationId, member.organizationId))),
    }),

    setOrderStatus: tool({
      description: 'Change the status of an order after the user confirmed it.',
      inputSchema: z.object({ orderId: z.uuid(), status: z.enum(orderStatuses) }),
      execute: async ({ orderId, status }) => {
        const [row] = await db
          .update(orders)
          .set({ status })
          .where(eq(orders.id, orderId))
          .returning({ reference: orders.reference, status: orders.status });
        return row ?? { error: 'There is no such order' };
      },
    }),

    setPickupDate: tool({
      description: 'Move the pickup date of an order after the user confirmed it.',
      inputSchema: z.object({ orderId: z.uuid(), pickupDate: z.iso.date() }),
      execute: async ({ orderId, pickupDate }) => {
        const [row] = await db
          .update(orders)
          .set({ pickupDate })
          .where(and(eq(orders.id, orderId), eq(orders.organizationId, member.organizationId)))
          .returning({ reference: orders.reference, pickupDate: orders.pickupDate });
        return row ?? { error: 'There is no such order' };
      },
    }),
  };
}
