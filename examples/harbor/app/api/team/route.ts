import { eq } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { withSession } from '@/lib/api';
import { db } from '@/lib/db';
import { member as members } from '@/lib/db/schema';

export const GET = withSession(async ({ member }) => {
  const team = await db.query.member.findMany({
    where: eq(members.organizationId, member.organizationId),
    with: { user: { with: { accounts: true } } },
  });
  return NextResponse.json({ team });
});
