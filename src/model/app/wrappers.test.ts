import { describe, expect, test } from 'vitest';

import { show, showFacts } from './fixtures/inline-app.ts';
import { prismaImports, tracePrisma } from './fixtures/prisma-app.ts';
import type { QueryPath } from './types.ts';

function trace(files: Readonly<Record<string, string>>, table = 'Document'): readonly QueryPath[] {
  return tracePrisma(files).queries.filter(path => path.query.table === table);
}

const handler = `async ({ params, userId }: any) => Response.json(await prisma.document.findMany({ where: { id: params.id, team: { members: { some: { userId } } } } }))`;
const guarded = (wrap: string): string =>
  `${prismaImports} import { ${wrap} } from '@/lib/log';
  export const withUser = (handler: any) => WRAP(async (req: Request, { params }: any) => {
    const session = await getServerSession(authOptions); if (!session) return new Response(null, { status: 401 });
    return handler({ params: await params, userId: session.user.id }); });`.replace('WRAP', wrap);
const route = {
  'app/api/documents/[id]/route.ts': `${prismaImports} import { withUser } from '@/lib/guard'; export const GET = withUser(${handler});`,
};
const expected = [
  '(self.id = client params.id and exists Team with (Team.id = self.teamId and exists Member with (Member.teamId = Team.id and Member.userId = ‹user.id›)))',
];

describe('a wrapper of a library around the handler', () => {
  test('that another wrapper returns is the handler when it is called', () => {
    const files = {
      ...route,
      'lib/log.ts': `import { traced } from 'some-tracing'; export const log = traced;`,
      'lib/guard.ts': guarded('log'),
    };
    expect(trace(files).map(path => show(path.query.where))).toEqual(expected);
  });

  test('may be made by a library with options of its own', () => {
    const files = {
      ...route,
      'lib/log.ts': `import { createLogger } from 'some-tracing'; export const log = createLogger({ name: 'api' }, { onSuccess: async (data: any) => { data.flush(); } });`,
      'lib/guard.ts': guarded('log'),
    };
    expect(trace(files).map(path => show(path.query.where))).toEqual(expected);
  });

  test('may be called at once with the request', () => {
    const files = {
      'app/api/documents/[id]/route.ts': `${prismaImports} import { traced } from 'some-tracing';
        export function GET(req: Request, context: any) { return traced(async (request: Request, { params }: any) => {
          const { id } = await params; return Response.json(await prisma.document.findMany({ where: { id } })); })(req, context); }`,
    };
    expect(trace(files).map(path => show(path.query.where))).toEqual(['self.id = client params.id']);
  });

  test('that runs what it is given is awaited: a retry, a lock', () => {
    const files = {
      'lib/retry.ts': `import { retry } from 'some-retry'; export const again = (work: any) => { return retry(work); };`,
      'app/api/documents/[id]/route.ts': `${prismaImports} import { again } from '@/lib/retry';
        export async function GET(req: Request, { params }: any) { const { id } = await params;
          return Response.json(await again(async () => prisma.document.findMany({ where: { id } }))); }`,
    };
    expect(trace(files).map(path => show(path.query.where))).toEqual(['self.id = client params.id']);
  });
});

describe('two credentials in one variable', () => {
  const withKey = (otherwise: string): Readonly<Record<string, string>> => ({
    'app/api/documents/route.ts': `${prismaImports} import { createHash } from 'node:crypto';
      export async function GET(req: Request) {
        let userId: string | undefined; const key = req.headers.get('authorization');
        if (key) { const found = await prisma.accessKey.findUnique({ where: { hashedKey: createHash('sha256').update(key).digest('hex') } });
          if (!found) return new Response(null, { status: 401 }); userId = found.userId; }
        else { ${otherwise} }
        return Response.json(await prisma.document.findMany({ where: { team: { members: { some: { userId } } } } })); }`,
  });

  test('a session on one way and a key on the other: somebody is known', () => {
    const [path] = trace(
      withKey(
        `const session = await getServerSession(authOptions); if (!session) return new Response(null, { status: 401 }); userId = session.user.id;`,
      ),
    );
    expect(path?.principal).toBe('member');
    expect(showFacts(path?.facts ?? [])).toContain('signed-in');
  });

  test('a key on one way and what the caller says on the other: nobody is known', () => {
    const [path] = trace(withKey(`userId = new URL(req.url).searchParams.get('user') ?? undefined;`));
    expect(path?.principal).toBe('anonymous');
  });
});

test('what a cache holds under a hashed key of the caller says who they are, under a name it does not', () => {
  const cached = (key: string): QueryPath | undefined =>
    trace({
      'app/api/documents/route.ts': `${prismaImports} import { Redis } from '@upstash/redis'; import { createHash } from 'node:crypto'; const redis = new Redis({});
        export async function GET(req: Request) {
          const session: any = await redis.get(${key}); if (!session) return new Response(null, { status: 401 });
          return Response.json(await prisma.document.findMany({ where: { team: { members: { some: { userId: session.userId } } } } })); }`,
    })[0];
  const hashed = cached(
    "'session:' + createHash('sha256').update(req.headers.get('authorization') ?? '').digest('hex')",
  );
  expect(hashed?.principal).toBe('member');
  expect(show(hashed?.query.where ?? { kind: 'true' })).toContain('Member.userId = ‹user.id›');
  const named = cached("'user:' + new URL(req.url).searchParams.get('name')");
  expect(named?.principal).toBe('anonymous');
  expect(show(named?.query.where ?? { kind: 'true' })).not.toContain('‹user.id›');
});
