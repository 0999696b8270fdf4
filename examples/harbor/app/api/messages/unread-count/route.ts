import { isNull } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { withSession } from '@/lib/api';
import { db } from '@/lib/db';
import { messages } from '@/lib/db/schema';

export const GET = withSession(async () =>
  NextResponse.json({ unread: await db.$count(messages, isNull(messages.readAt)) }),
);
