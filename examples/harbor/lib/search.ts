import { sql } from 'drizzle-orm';
import { db } from './db';

export interface SearchResult extends Record<string, unknown> {
  id: string;
  kind: 'order' | 'customer' | 'note';
  title: string;
  detail: string;
}

/** Orders and customers that match, for the command palette. */
export async function searchWorkspace(organizationId: string, term: string): Promise<SearchResult[]> {
  const pattern = `%${term}%`;
  const result = await db.execute<SearchResult>(sql`
    select id, 'order' as kind, reference as title, origin || ' → ' || destination as detail
    from orders
    where organization_id = ${organizationId} and (reference ilike ${pattern} or origin ilike ${pattern})
    union all
    select id, 'customer' as kind, name as title, email as detail
    from customers
    where organization_id = ${organizationId} and (name ilike ${pattern} or email ilike ${pattern})
    limit 20
  `);
  return result.rows;
}

/** Full text of internal notes. */
export async function searchNotes(term: string): Promise<SearchResult[]> {
  const result = await db.execute<SearchResult>(sql`
    select n.id, 'note' as kind, c.name as title, n.body as detail
    from notes n
    join customers c on c.id = n.customer_id
    where n.body ilike ${`%${term}%`}
    order by n.created_at desc
    limit 20
  `);
  return result.rows;
}
