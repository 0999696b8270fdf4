import { desc, eq } from 'drizzle-orm';
import { Badge, LinkButton, PageHeader, Table, TextLink } from '@/components/ui';
import { customers, quotes } from '@/lib/db/schema';
import { withOrganization } from '@/lib/db/scoped';
import { day, money } from '@/lib/format';
import { requireMember } from '@/lib/session';

export const metadata = { title: 'Quotes' };

export default async function QuotesPage() {
  const member = await requireMember();
  const rows = await withOrganization(member.organizationId, tx =>
    tx
      .select({
        id: quotes.id,
        lane: quotes.lane,
        rateCents: quotes.rateCents,
        status: quotes.status,
        validUntil: quotes.validUntil,
        customerName: customers.name,
      })
      .from(quotes)
      .innerJoin(customers, eq(customers.id, quotes.customerId))
      .orderBy(desc(quotes.createdAt)),
  );
  return (
    <>
      <PageHeader
        title="Quotes"
        actions={
          <>
            <LinkButton href="/dashboard/rates">Lane rates</LinkButton>
            <LinkButton href="/api/quotes/export">Export CSV</LinkButton>
          </>
        }
      />
      <Table
        head={['Lane', 'Customer', 'Valid until', 'Status', 'Rate']}
        empty="No quotes yet."
        rows={rows.map(quote => [
          <TextLink key="lane" href={`/dashboard/quotes/${quote.id}`}>
            {quote.lane}
          </TextLink>,
          quote.customerName,
          day(quote.validUntil),
          <Badge key="status">{quote.status}</Badge>,
          money(quote.rateCents),
        ])}
      />
    </>
  );
}
