import { NextResponse } from 'next/server';
import { withSession } from '@/lib/api';
import { tasks } from '@/lib/db/schema';
import { withOrganization } from '@/lib/db/scoped';

export const GET = withSession(async ({ request, member }) => {
  const workspace = request.nextUrl.searchParams.get('workspace') ?? member.organizationId;
  const rows = await withOrganization(workspace, tx =>
    tx.select({ id: tasks.id, title: tasks.title, details: tasks.details, status: tasks.status }).from(tasks),
  );
  return NextResponse.json({
    todo: rows.filter(row => row.status === 'todo'),
    doing: rows.filter(row => row.status === 'doing'),
    done: rows.filter(row => row.status === 'done'),
  });
});
