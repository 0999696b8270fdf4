import { sql } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { z } from 'zod';
import { badRequest, withSession } from '@/lib/api';
import { tasks } from '@/lib/db/schema';
import { withMember, withOrganization } from '@/lib/db/scoped';

const newTask = z.object({
  title: z.string().min(1).max(200),
  details: z.string().max(2000).optional(),
  organizationId: z.string().optional(),
});

export const GET = withSession(async ({ member }) => {
  const result = await withOrganization(member.organizationId, tx =>
    tx.execute(sql`select id, title, due_date from open_tasks order by due_date nulls last`),
  );
  return NextResponse.json({ tasks: result.rows });
});

export const POST = withSession(async ({ request, member }) => {
  const body = newTask.safeParse(await request.json());
  if (!body.success) return badRequest('A task needs a title');
  await withMember(member, tx =>
    tx.insert(tasks).values({ organizationId: member.organizationId, ...body.data, createdBy: member.userId }),
  );
  return NextResponse.json({ created: true }, { status: 201 });
});
