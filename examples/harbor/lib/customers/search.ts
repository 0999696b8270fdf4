import { asc, ilike, or } from 'drizzle-orm';
import { db } from '../db';
import { customers } from '../db/schema';

export interface CustomerHit {
  id: string;
  name: string;
  email: string;
  city: string | null;
}

/** Type-ahead over name, e-mail and city. */
export async function searchCustomers(organizationId: string, term: string, limit = 10): Promise<CustomerHit[]> {
  const pattern = `%${term.trim()}%`;
  return db
    .select({ id: customers.id, name: customers.name, email: customers.email, city: customers.city })
    .from(customers)
    .where(or(ilike(customers.name, pattern), ilike(customers.email, pattern), ilike(customers.city, pattern)))
    .orderBy(asc(customers.name))
    .limit(limit);
}
