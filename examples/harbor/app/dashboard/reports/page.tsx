import { eq } from 'drizzle-orm';
import { LinkButton, PageHeader, Table } from '@/components/ui';
import { db } from '@/lib/db';
import { organization } from '@/lib/db/schema';
import { money } from '@/lib/format';
import { customerTotals } from '@/lib/rates';
import { requireMember } from '@/lib/session';

export const metadata = { title: 'Reports' };

export default async function ReportsPage() {
  const member = await requireMember();
  const [totals, [current]] = await Promise.all([
    customerTotals(member.organizationId),
    db.select({ slug: organization.slug }).from(organization).where(eq(organization.id, member.organizationId)),
  ]);
  return (
    <>
      <PageHeader
        title="Reports"
        subtitle="Billed amount of your best customers."
        actions={
          <>
            <LinkButton href="/dashboard/analytics">Revenue</LinkButton>
            <LinkButton href="/dashboard/pipeline">Pipeline</LinkButton>
            {current ? <LinkButton href={`/reports/${current.slug}`}>Wallboard</LinkButton> : null}
          </>
        }
      />
      <Table
        head={['Customer', 'Billed']}
        empty="No invoices yet."
        rows={totals.map(row => [row.name, money(row.totalCents)])}
      />
    </>
  );
}
