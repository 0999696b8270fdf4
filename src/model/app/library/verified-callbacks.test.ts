import { expect, test } from 'vitest';

import { prismaImports, tracePrisma } from '../fixtures/prisma-app.ts';
import type { QueryPath } from '../types.ts';

function trace(route: string): readonly QueryPath[] {
  return tracePrisma({ 'app/api/hook/route.ts': `${prismaImports} ${route}` }).queries;
}

test('what a library calls back with after it verified the caller is a system call', () => {
  const [path] = trace(`import saml from '@boxyhq/saml-jackson';
    async function onEvent(event: any) { await prisma.document.deleteMany({ where: { teamId: event.tenant } }); }
    export async function POST(req: Request) { const { directorySyncController } = await saml({});
      const { status, data } = await directorySyncController.requests.handle(await req.json(), onEvent); return Response.json(data, { status }); }`);
  expect(path?.principal).toBe('system');
});

test('what the handler does itself stays the caller’s', () => {
  const [path] = trace(`import saml from '@boxyhq/saml-jackson';
    export async function POST(req: Request) { const { directorySyncController } = await saml({}); const body = await req.json();
      await prisma.document.deleteMany({ where: { teamId: body.tenant } }); return Response.json(await directorySyncController.requests.handle(body, async () => {})); }`);
  expect(path?.principal).toBe('anonymous');
});

test('an upload is allowed for what the caller sends, and finished by the storage', () => {
  const paths = trace(`import { handleUpload } from '@vercel/blob/client';
    export async function POST(req: Request) { return Response.json(await handleUpload({ body: await req.json(), request: req,
      onBeforeGenerateToken: async (pathname: string) => { await prisma.document.findFirst({ where: { file: pathname } }); return {}; },
      onUploadCompleted: async ({ blob }: any) => { await prisma.document.updateMany({ where: { file: blob.url }, data: { name: blob.pathname } }); } })); }`);
  expect(paths.map(path => `${path.query.operation} ${path.principal}`)).toEqual(['read anonymous', 'update system']);
});
