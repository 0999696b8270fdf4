import { asc, eq } from 'drizzle-orm';
import { PageHeader, Table } from '@/components/ui';
import { contacts } from '@/lib/db/schema';
import { withOrganization } from '@/lib/db/scoped';
import { requireMember } from '@/lib/session';

export const metadata = { title: 'Contacts' };

export default async function ContactsPage() {
  const member = await requireMember();
  const rows = await withOrganization(member.organizationId, tx =>
    tx
      .select({ name: contacts.name, email: contacts.email, phone: contacts.phone })
      .from(contacts)
      .where(eq(contacts.organizationId, member.organizationId))
      .orderBy(asc(contacts.name)),
  );
  return (
    <>
      <PageHeader title="Contacts" subtitle={`${rows.length} people`} />
      <Table
        head={['Name', 'E-mail', 'Phone']}
        empty="No contacts yet."
        rows={rows.map(row => [row.name, row.email, row.phone ?? '–'])}
      />
    </>
  );
}
