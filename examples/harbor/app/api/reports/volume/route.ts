import { NextResponse } from 'next/server';
import { withSession } from '@/lib/api';
import { laneVolume, parsePeriod } from '@/lib/reports/aging';

export const GET = withSession(async ({ request, member }) => {
  const period = parsePeriod(request.nextUrl.searchParams.get('period'));
  return NextResponse.json({ period, rows: await laneVolume(member.organizationId, period) });
});
