import { desc } from 'drizzle-orm';
import { NewTask } from '@/components/new-task';
import { Badge, PageHeader, Table } from '@/components/ui';
import { tasks } from '@/lib/db/schema';
import { withOrganization } from '@/lib/db/scoped';
import { day } from '@/lib/format';
import { requireMember } from '@/lib/session';

export const metadata = { title: 'Tasks' };

export default async function TasksPage() {
  const member = await requireMember();
  const rows = await withOrganization(member.organizationId, tx =>
    tx.select().from(tasks).orderBy(desc(tasks.createdAt)),
  );
  return (
    <>
      <PageHeader title="Tasks" subtitle={`${rows.filter(row => row.status !== 'done').length} to do`} />
      <NewTask />
      <Table
        head={['Task', 'Due', 'Status']}
        empty="All done."
        rows={rows.map(row => [row.title, day(row.dueDate), <Badge key="status">{row.status}</Badge>])}
      />
    </>
  );
}
