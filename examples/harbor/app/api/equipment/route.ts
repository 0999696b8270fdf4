import { asc } from 'drizzle-orm';
import { NextResponse } from 'next/server';
import { db } from '@/lib/db';
import { equipmentTypes } from '@/lib/db/schema';

export const dynamic = 'force-dynamic';

export async function GET() {
  const rows = await db.select().from(equipmentTypes).orderBy(asc(equipmentTypes.label));
  return NextResponse.json({ equipment: rows }, { headers: { 'cache-control': 'public, max-age=3600' } });
}
