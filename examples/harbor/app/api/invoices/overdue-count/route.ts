import { NextResponse } from 'next/server';
import { withSession } from '@/lib/api';
import { countOverdue } from '@/lib/invoices';

export const GET = withSession(async ({ member }) =>
  NextResponse.json({ overdue: await countOverdue(member.organizationId) }),
);
