import { NewOrderForm } from '@/components/new-order-form';
import { Card, PageHeader } from '@/components/ui';
import { CustomerRepository } from '@/lib/customers/repository';
import { db } from '@/lib/db';
import { requireMember } from '@/lib/session';

export const metadata = { title: 'New order' };

export default async function NewOrderPage() {
  const member = await requireMember();
  const customers = await new CustomerRepository(db, member.organizationId).list();
  return (
    <div className="max-w-xl">
      <PageHeader title="New order" />
      <Card>
        <NewOrderForm customers={customers.map(({ id, name }) => ({ id, name }))} />
      </Card>
    </div>
  );
}
