import { and, eq, inArray, isNotNull } from 'drizzle-orm';
import { z } from 'zod';
import { organizationIdsOf } from '@/lib/access';
import { notFoundJson } from '@/lib/api';
import { db } from '@/lib/db';
import { orders, profiles } from '@/lib/db/schema';

/** Pickups as a calendar feed. Calendar apps cannot sign in, so the address carries the user's secret token. */
export async function GET(_request: Request, { params }: { params: Promise<{ token: string }> }) {
  const { token } = await params;
  if (!z.uuid().safeParse(token).success) return notFoundJson();
  const [profile] = await db
    .select({ userId: profiles.userId })
    .from(profiles)
    .where(eq(profiles.calendarToken, token))
    .limit(1);
  if (!profile) return notFoundJson();
  const organizationIds = await organizationIdsOf(profile.userId);
  const pickups = await db
    .select({ id: orders.id, reference: orders.reference, origin: orders.origin, pickupDate: orders.pickupDate })
    .from(orders)
    .where(and(inArray(orders.organizationId, organizationIds), isNotNull(orders.pickupDate)));
  const events = pickups.flatMap(pickup => [
    'BEGIN:VEVENT',
    `UID:${pickup.id}`,
    `DTSTART;VALUE=DATE:${pickup.pickupDate?.replaceAll('-', '')}`,
    `SUMMARY:Pickup ${pickup.reference} at ${pickup.origin}`,
    'END:VEVENT',
  ]);
  return new Response(['BEGIN:VCALENDAR', 'VERSION:2.0', ...events, 'END:VCALENDAR'].join('\r\n'), {
    headers: { 'content-type': 'text/calendar; charset=utf-8', 'cache-control': 'private, no-store' },
  });
}
