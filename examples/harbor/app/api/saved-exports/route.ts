import { desc } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { z } from 'zod';
import { badRequest, withSession } from '@/lib/api';
import { savedExports } from '@/lib/db/schema';
import { withOrganization } from '@/lib/db/scoped';

export const GET = withSession(async ({ member }) => {
  const rows = await withOrganization(member.organizationId, tx =>
    tx
      .select({ id: savedExports.id, name: savedExports.name, content: savedExports.content })
      .from(savedExports)
      .orderBy(desc(savedExports.createdAt)),
  );
  return NextResponse.json({ exports: rows });
});

export const POST = withSession(async ({ request, member }) => {
  const body = z.object({ name: z.string().min(1), content: z.string().max(500_000) }).safeParse(await request.json());
  if (!body.success) return badRequest('Name the export');
  const [saved] = await withOrganization(member.organizationId, tx =>
    tx
      .insert(savedExports)
      .values({ ...body.data, organizationId: member.organizationId, createdBy: member.userId })
      .returning({ id: savedExports.id }),
  );
  return NextResponse.json({ export: saved }, { status: 201 });
});
