import { and, eq, gte, sql, sum } from 'drizzle-orm';
import { db } from '../db';
import { customers, invoices, orders } from '../db/schema';

export const periods = { week: 7, month: 30, quarter: 90 } as const;
export type Period = keyof typeof periods;

interface AgingRow {
  customer: string;
  openCents: number;
}

interface VolumeRow {
  lane: string;
  priceCents: number;
}

const maxAgeMs = 5 * 60 * 1000;
const agingCache = new Map<string, { at: number; rows: AgingRow[] }>();
const volumeCache = new Map<string, { at: number; rows: VolumeRow[] }>();

const since = (period: Period) => sql`now() - make_interval(days => ${periods[period]})`;

export async function receivablesAging(organizationId: string, period: Period): Promise<AgingRow[]> {
  const cached = agingCache.get(period);
  if (cached && Date.now() - cached.at < maxAgeMs) return cached.rows;
  const rows = await db
    .select({ customer: customers.name, openCents: sum(invoices.amountCents).mapWith(Number) })
    .from(invoices)
    .innerJoin(customers, eq(customers.id, invoices.customerId))
    .where(
      and(
        eq(invoices.organizationId, organizationId),
        eq(invoices.status, 'open'),
        gte(invoices.createdAt, since(period)),
      ),
    )
    .groupBy(customers.name);
  agingCache.set(period, { at: Date.now(), rows });
  return rows;
}

export async function laneVolume(organizationId: string, period: Period): Promise<VolumeRow[]> {
  const key = `${organizationId}:${period}`;
  const cached = volumeCache.get(key);
  if (cached && Date.now() - cached.at < maxAgeMs) return cached.rows;
  const rows = await db
    .select({
      lane: sql<string>`${orders.origin} || ' → ' || ${orders.destination}`,
      priceCents: sum(orders.priceCents).mapWith(Number),
    })
    .from(orders)
    .where(and(eq(orders.organizationId, organizationId), gte(orders.createdAt, since(period))))
    .groupBy(orders.origin, orders.destination);
  volumeCache.set(key, { at: Date.now(), rows });
  return rows;
}

export function parsePeriod(value: string | null): Period {
  return value === 'week' || value === 'quarter' ? value : 'month';
}
