import { eq } from 'drizzle-orm';
import { db } from '../db';
import { customers } from '../db/schema';
import { loadCustomer } from './load';

export async function customerOverview(id: string) {
  const customer = await loadCustomer(id);
  if (!customer) return null;
  const openOrders = customer.orders.filter(order => order.status !== 'delivered');
  return { customer, openOrders, revenueCents: customer.orders.reduce((sum, order) => sum + order.priceCents, 0) };
}

export async function customerName(organizationId: string, id: string): Promise<string | null> {
  const [row] = await db
    .select({ name: customers.name, organizationId: customers.organizationId })
    .from(customers)
    .where(eq(customers.id, id))
    .limit(1);
  if (!row || row.organizationId !== organizationId) return null;
  return row.name;
}
