import { and, eq, lt, sql } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { isScheduler } from '@/lib/cron';
import { db } from '@/lib/db';
import { invoices } from '@/lib/db/schema';

export async function GET(request: Request) {
  if (!isScheduler(request)) return NextResponse.json({ error: 'Unauthorized' }, { status: 401 });
  const rows = await db
    .update(invoices)
    .set({ status: 'overdue' })
    .where(and(eq(invoices.status, 'open'), lt(invoices.dueDate, sql`current_date`)))
    .returning({ id: invoices.id });
  return NextResponse.json({ marked: rows.length });
}
