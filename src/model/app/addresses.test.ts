import { expect, test } from 'vitest';

import { judgedApp } from '../../judge/fixtures/judged-code.ts';

const schema = `
model User {
  id String @id
  notes Note[]
}
model Note {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
}`;

/** The verdicts on notes of a route that goes on without a session where `open` says so. */
function notes(open: string, route = 'api/notes/[id]'): readonly string[] {
  const body = `
    import { headers } from 'next/headers';
    import { db } from '@/lib/db';
    import { auth } from '@/lib/auth';
    export async function GET(request: NextRequest, { params }) {
      const { id } = await params;
      const session = await auth.api.getSession({ headers: await headers() });
      if (${open}) return Response.json(await db.note.findMany());
      if (!session) return new Response(null, { status: 401 });
      return Response.json(await db.note.findFirst({ where: { id, userId: session.user.id } }));
    }`;
  return judgedApp(schema, { [`app/${route}/route.ts`]: body })
    .filter(path => path.sink.table === 'Note')
    .map(path => path.verdict);
}

test('a request has the path of the route that it reached', () => {
  expect(notes(`['/links', '/api/links'].includes(request.nextUrl.pathname)`)).toEqual(['isolated']);
  expect(notes(`new URL(request.url).pathname === '/api/open'`)).toEqual(['isolated']);
  expect(notes(`request.nextUrl.pathname === '/api/notes'`, 'api/notes/[id]/files')).toEqual(['isolated']);
});

test('any path that the route takes may have been asked for, with or without what a proxy put before it', () => {
  expect(notes(`request.nextUrl.pathname === '/api/notes/open'`)).toContain('leaks');
  expect(notes(`request.nextUrl.pathname === '/notes/open'`)).toContain('leaks');
  expect(notes(`request.nextUrl.pathname === '/api/open/a/b'`, 'api/[...rest]')).toContain('leaks');
  expect(notes(`request.nextUrl.pathname.startsWith('/open')`)).toContain('leaks');
});

test('a signature is never empty, so that a header that is not there does not match it', () => {
  const signed = (sent: string): readonly string[] =>
    judgedApp(schema, {
      'app/api/hook/route.ts': `
        import crypto from 'node:crypto';
        import { db } from '@/lib/db';
        export async function POST(request: Request) {
          const body = await request.text();
          const made = crypto.createHmac('sha256', process.env.HOOK_SECRET).update(body).digest('hex');
          if (made !== ${sent}) return new Response(null, { status: 401 });
          const event = JSON.parse(body);
          await db.note.delete({ where: { id: event.id } });
          return new Response();
        }`,
    }).map(path => `${path.verdict} ${path.reason}`);
  expect(signed(`(request.headers.get('x-signature') ?? '')`)).toEqual(['isolated system']);
  expect(signed(`(request.headers.get('x-signature') || '')`)).toEqual(['isolated system']);
  expect(signed(`(request.headers.get('x-signature') ?? made)`)).toEqual(['leaks no-authentication']);
});

test('a text that is not there spreads nothing over what was before it', () => {
  const written = (data: string): readonly string[] =>
    judgedApp(schema, {
      'app/api/notes/route.ts': `
        import { headers } from 'next/headers';
        import { db } from '@/lib/db';
        import { auth } from '@/lib/auth';
        export async function POST(request: Request) {
          const session = await auth.api.getSession({ headers: await headers() });
          if (!session) return new Response(null, { status: 401 });
          const { name, ...rest } = await request.json();
          await change({ userId: session.user.id, ${data} });
          return new Response();
        }
        async function change({ userId, name }) {
          await db.note.updateMany({ where: { userId }, data: { ...(name && { id: name }) } });
        }`,
    }).map(path => path.verdict);
  expect(written('...(name !== undefined && name && { name })')).toEqual(['isolated']);
  expect(written('...rest')).toEqual(['leaks']);
});

test('what is collected field by field from the address may be any of its parameters, at each address', () => {
  const urls = `
    export const parameters = (url: string) => {
      const found = {};
      new URL(url).searchParams.forEach((value, key) => { found[key] = value; });
      return found;
    };`;
  const route = `
    import { z } from 'zod';
    import { db } from '@/lib/db';
    import { parameters } from '@/lib/urls';
    const schema = z.object({ noteId: z.string().min(1) });
    export async function DELETE(request: Request) {
      const { noteId } = schema.parse(parameters(request.url));
      await db.note.delete({ where: { id: noteId } });
      return new Response();
    }`;
  const paths = judgedApp(schema, {
    'lib/urls.ts': urls,
    'app/api/notes/route.ts': route,
    'app/api/old-notes/route.ts': route,
  });
  expect(paths.map(path => path.verdict)).toEqual(['leaks', 'leaks']);
});
