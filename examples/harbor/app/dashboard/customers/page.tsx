import { Badge, LinkButton, PageHeader, Table, TextLink } from '@/components/ui';
import { CustomerRepository } from '@/lib/customers/repository';
import { db } from '@/lib/db';
import { money } from '@/lib/format';
import { requireMember } from '@/lib/session';

export const metadata = { title: 'Customers' };

export default async function CustomersPage() {
  const member = await requireMember();
  const customers = await new CustomerRepository(db, member.organizationId).list();
  return (
    <>
      <PageHeader
        title="Customers"
        subtitle={`${customers.length} shippers`}
        actions={<LinkButton href="/api/customers/export">Export CSV</LinkButton>}
      />
      <Table
        head={['Name', 'E-mail', 'City', 'Status', 'Credit limit']}
        empty="No customers yet."
        rows={customers.map(customer => [
          <TextLink key="name" href={`/dashboard/customers/${customer.id}`}>
            {customer.name}
          </TextLink>,
          customer.email,
          customer.city ?? '–',
          <Badge key="status">{customer.status}</Badge>,
          money(customer.creditLimitCents),
        ])}
      />
    </>
  );
}
