import { eq } from 'drizzle-orm';
import { BillingActions } from '@/components/billing-actions';
import { Badge, Card, PageHeader, Stat } from '@/components/ui';
import { db } from '@/lib/db';
import { subscriptions } from '@/lib/db/schema';
import { day } from '@/lib/format';
import { requireMember } from '@/lib/session';

export const metadata = { title: 'Billing' };

export default async function BillingPage() {
  const member = await requireMember();
  const [subscription] = await db
    .select({
      plan: subscriptions.plan,
      status: subscriptions.status,
      loadCredits: subscriptions.loadCredits,
      currentPeriodEnd: subscriptions.currentPeriodEnd,
    })
    .from(subscriptions)
    .where(eq(subscriptions.organizationId, member.organizationId));
  return (
    <>
      <PageHeader title="Billing" />
      <div className="mb-4 grid gap-4 sm:grid-cols-3">
        <Stat label="Plan" value={subscription?.plan ?? 'none'} />
        <Stat label="Status" value={<Badge>{subscription?.status ?? 'inactive'}</Badge>} />
        <Stat label="Load credits" value={subscription?.loadCredits ?? 0} />
      </div>
      <Card title="Change plan">
        <p className="mb-3 text-sm text-muted">Renews {day(subscription?.currentPeriodEnd ?? null)}</p>
        <BillingActions />
      </Card>
    </>
  );
}
