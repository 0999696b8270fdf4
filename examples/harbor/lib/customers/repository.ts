import { and, asc, desc, eq } from 'drizzle-orm';
import type { Database } from '../db';
import { customers, invoices } from '../db/schema';

/** All customer queries of one organization. */
export class CustomerRepository {
  private readonly db: Database;
  private readonly organizationId: string;

  constructor(db: Database, organizationId: string) {
    this.db = db;
    this.organizationId = organizationId;
  }

  list() {
    return this.db
      .select()
      .from(customers)
      .where(eq(customers.organizationId, this.organizationId))
      .orderBy(asc(customers.name));
  }

  async byId(id: string) {
    const row = await this.db.query.customers.findFirst({
      where: and(eq(customers.id, id), eq(customers.organizationId, this.organizationId)),
      with: {
        orders: { columns: { id: true, reference: true, status: true, priceCents: true }, limit: 20 },
        notes: { columns: { id: true, body: true, pinned: true }, limit: 20 },
      },
    });
    return row ?? null;
  }

  invoicesOf(customerId: string) {
    return this.db
      .select({ id: invoices.id, number: invoices.number, amountCents: invoices.amountCents, status: invoices.status })
      .from(invoices)
      .where(and(eq(invoices.customerId, customerId), eq(invoices.organizationId, this.organizationId)))
      .orderBy(desc(invoices.createdAt));
  }

  async create(input: { name: string; email: string; phone?: string | undefined; city?: string | undefined }) {
    const [row] = await this.db
      .insert(customers)
      .values({ ...input, organizationId: this.organizationId })
      .returning();
    return row;
  }

  async updateStatus(id: string, status: string) {
    const [row] = await this.db
      .update(customers)
      .set({ status })
      .where(and(eq(customers.id, id), eq(customers.organizationId, this.organizationId)))
      .returning({ id: customers.id, status: customers.status });
    return row ?? null;
  }
}
