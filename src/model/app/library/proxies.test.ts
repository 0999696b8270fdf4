import { expect, test } from 'vitest';

import { show, traceApp } from '../fixtures/inline-app.ts';

const schema = `
model Bill {
  id String @id
  ownerId String
}`;

function wheres(client: string): readonly string[] {
  const { queries } = traceApp({
    'prisma/schema.prisma': schema,
    'lib/prisma.ts': `import { PrismaClient } from '@prisma/client'; ${client}`,
    'app/api/bills/[id]/route.ts': `
      import { prisma } from '@/lib/prisma';
      export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) {
        const { id } = await params;
        return Response.json(await prisma.bill.findFirst({ where: { id } }));
      }`,
  });
  return queries.map(path => `${path.query.table} ${show(path.query.where)}`);
}

test.each([
  [
    'a static field',
    'class Holder { static one?: PrismaClient; static get() { if (!Holder.one) { Holder.one = new PrismaClient(); } return Holder.one; } } export const prisma = Holder.get();',
  ],
  [
    'a static field by `this`, returned early',
    'class Holder { private static one: PrismaClient; static get() { if (this.one) return this.one; this.one = new PrismaClient(); return this.one; } } export const prisma = Holder.get();',
  ],
  [
    'a proxy',
    'let one: PrismaClient | undefined; const get = () => (one ??= new PrismaClient()); export const prisma = new Proxy({} as PrismaClient, { get(_target, name) { const client = get(); const field = Reflect.get(client, name); return typeof field === "function" ? field.bind(client) : field; } });',
  ],
  [
    'a package that keeps instances',
    'import { remember } from "@epic-web/remember"; export const prisma = remember("prisma", () => new PrismaClient());',
  ],
])('a client behind %s is found', (_how, client) => {
  expect(wheres(client)).toEqual(['Bill self.id = client params.id']);
});

test('an extension behind a proxy still filters', () => {
  const client = `const client = new PrismaClient().$extends({ query: { $allModels: { $allOperations({ args, query }) { return query({ ...args, where: { ...args.where, ownerId: 'me' } }); } } } });
    export const prisma = new Proxy(client, { get: (target, name) => Reflect.get(target, name) });`;
  expect(wheres(client)).toEqual(['Bill (self.id = client params.id and self.ownerId = "me")']);
});
