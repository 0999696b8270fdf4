import { NextResponse } from 'next/server';
import { withSession } from '@/lib/api';
import { searchWorkspace } from '@/lib/search';

export const GET = withSession(async ({ request, member }) => {
  const term = request.nextUrl.searchParams.get('q')?.trim() ?? '';
  if (term.length < 2) return NextResponse.json({ results: [] });
  return NextResponse.json({ results: await searchWorkspace(member.organizationId, term) });
});
