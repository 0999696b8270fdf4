import { eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { z } from 'zod';
import { badRequest, notFoundJson, withSession } from '@/lib/api';
import { tasks } from '@/lib/db/schema';
import { withOrganization } from '@/lib/db/scoped';

const changes = z.object({ title: z.string().min(1).optional(), status: z.enum(['todo', 'doing', 'done']).optional() });

export const PATCH = withSession<{ id: string }>(async ({ request, member, params }) => {
  const body = changes.safeParse(await request.json());
  if (!body.success) return badRequest('Nothing to change');
  const [task] = await withOrganization(member.organizationId, tx =>
    tx.update(tasks).set(body.data).where(eq(tasks.id, params.id)).returning({ id: tasks.id, status: tasks.status }),
  );
  if (!task) return notFoundJson();
  return NextResponse.json({ task });
});
