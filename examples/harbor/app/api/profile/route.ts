import { eq } from 'drizzle-orm';
import { NextResponse, type NextRequest } from 'next/server';
import { z } from 'zod';
import { badRequest, notFoundJson, unauthorized } from '@/lib/api';
import { db } from '@/lib/db';
import { profiles } from '@/lib/db/schema';
import { getSession } from '@/lib/session';

const visible = {
  userId: profiles.userId,
  displayName: profiles.displayName,
  title: profiles.title,
  phone: profiles.phone,
  timezone: profiles.timezone,
};

const profileForm = z.object({
  userId: z.string(),
  displayName: z.string().min(1).max(80),
  title: z.string().max(80).optional(),
  phone: z.string().max(40).optional(),
});

export async function GET() {
  const session = await getSession();
  if (!session) return unauthorized();
  const [profile] = await db.select(visible).from(profiles).where(eq(profiles.userId, session.user.id));
  if (!profile) return notFoundJson();
  return NextResponse.json({ profile });
}

export async function PUT(request: NextRequest) {
  const session = await getSession();
  if (!session) return unauthorized();
  const body = profileForm.safeParse(await request.json());
  if (!body.success) return badRequest('Check your profile');
  const { userId, ...changes } = body.data;
  const [profile] = await db
    .update(profiles)
    .set({ ...changes, updatedAt: new Date() })
    .where(eq(profiles.userId, userId))
    .returning(visible);
  if (!profile) return notFoundJson();
  return NextResponse.json({ profile });
}
