import { expect, test } from 'vitest';

import { onlyQuery, showFacts } from './fixtures/inline-app.ts';

const body = (list: string, wanted: string): string => `
  import { auth } from '@/lib/auth';
  export async function GET(request: Request) {
    const session = await auth.api.getSession({ headers: request.headers });
    if (!session) notFound();
    const sent = await request.json();
    if (!${list}.includes(${wanted})) return new Response(null, { status: 403 });
    return Response.json(await db.select().from(notes)); }`;

test('a role in the list that the server wrote is a role of the principal', () => {
  expect(showFacts(onlyQuery(body('session.user.roles', `'admin'`)).facts)).toContain('role admin');
});

test('a list that the caller sends, and a role that they choose, say nothing', () => {
  for (const [list, wanted] of [
    ['sent.roles', `'admin'`],
    ['session.user.roles', 'sent.role'],
    ['session.user.tags', `'admin'`],
  ] as const)
    expect(showFacts(onlyQuery(body(list, wanted)).facts).filter(fact => fact.startsWith('role'))).toEqual([]);
});

test.each([
  `['admin'].includes(session.user.role)`,
  `['admin'].some(role => session.user.role === role)`,
  `['admin'].some(role => session.user.roles?.includes(role))`,
  `session.user.roles.some(role => role === 'admin')`,
  `session.user.roles.some(role => ['admin'].includes(role))`,
])('%s says which role the principal has', condition => {
  expect(
    showFacts(
      onlyQuery(
        body('session.user.roles', `'admin'`).replace(/!session\.user\.roles\.includes\('admin'\)/, `!${condition}`),
      ).facts,
    ),
  ).toContain('role admin');
});

const among = (list: string, wanted = 'sent.team'): readonly string[] =>
  showFacts(
    onlyQuery(`
  import { jwtVerify } from 'jose';
  export async function GET(request: Request) {
    const { payload } = await jwtVerify(request.headers.get('x-token')!, new TextEncoder().encode(process.env.KEY));
    const sent = await request.json();
    if (!${list}.includes(${wanted})) return new Response(null, { status: 403 });
    return Response.json(await db.select().from(notes).where(eq(notes.teamId, sent.team))); }`).facts,
  ).filter(fact => fact.includes('='));

test('an id in a list that the server wrote into a token is one of those', () => {
  expect(among('payload.teamIds')).toEqual(['client body.team = ‹token.teamIds.[]›']);
});

test('a list that the caller sends, or of something else, ties nothing, and another id only itself', () => {
  expect(among('sent.teamIds')).toEqual([]);
  expect(among('payload.teamIds', 'sent.other')).toEqual(['client body.other = ‹token.teamIds.[]›']);
  expect(among('payload.colours')).toEqual([]);
});
