import { eq } from 'drizzle-orm';
import { withSession } from '@/lib/api';
import { csvResponse, toCsv } from '@/lib/csv';
import { db } from '@/lib/db';
import { organization, subscriptions } from '@/lib/db/schema';

export const GET = withSession(async () => {
  const rows = await db
    .select({
      name: organization.name,
      slug: organization.slug,
      plan: subscriptions.plan,
      status: subscriptions.status,
      billingEmail: subscriptions.billingEmail,
    })
    .from(subscriptions)
    .innerJoin(organization, eq(organization.id, subscriptions.organizationId));
  return csvResponse(
    'accounts.csv',
    toCsv(
      ['Organization', 'Slug', 'Plan', 'Status', 'Billing e-mail'],
      rows.map(row => [row.name, row.slug, row.plan, row.status, row.billingEmail]),
    ),
  );
});
