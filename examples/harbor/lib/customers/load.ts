import { eq } from 'drizzle-orm';
import { db } from '../db';
import { customers } from '../db/schema';

export function loadCustomer(id: string) {
  return db.query.customers.findFirst({
    where: eq(customers.id, id),
    with: { orders: true, notes: { orderBy: (note, { desc }) => desc(note.createdAt) } },
  });
}
