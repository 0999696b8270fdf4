import { and, desc, eq, lt, sql } from 'drizzle-orm';
import { db } from './db';
import { customers, invoices } from './db/schema';

const columns = {
  id: invoices.id,
  number: invoices.number,
  amountCents: invoices.amountCents,
  status: invoices.status,
  dueDate: invoices.dueDate,
  customerName: customers.name,
};

export async function listInvoices(organizationId: string) {
  return db
    .select(columns)
    .from(invoices)
    .innerJoin(customers, eq(customers.id, invoices.customerId))
    .where(eq(invoices.organizationId, organizationId))
    .orderBy(desc(invoices.createdAt))
    .limit(200);
}

export async function getInvoice(invoiceId: string) {
  const [row] = await db
    .select({ ...columns, memo: invoices.memo, organizationId: invoices.organizationId })
    .from(invoices)
    .innerJoin(customers, eq(customers.id, invoices.customerId))
    .where(eq(invoices.id, invoiceId))
    .limit(1);
  return row ?? null;
}

export async function countOverdue(organizationId: string): Promise<number> {
  return db.$count(
    invoices,
    and(eq(invoices.organizationId, organizationId), eq(invoices.status, 'open'), lt(invoices.dueDate, sql`current_date`)),
  );
}
