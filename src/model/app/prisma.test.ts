import { expect, test } from 'vitest';

import { show, showFacts, traceApp } from './fixtures/inline-app.ts';
import type { QueryPath } from './types.ts';

const schema = `
model Team { id String @id
  members Member[]
  invoices Invoice[] }
model Member { id String @id
  userId String @map("user_id")
  teamId String @map("team_id")
  team Team @relation(fields: [teamId], references: [id])
  @@unique([userId, teamId])
  @@map("members")
}
model Invoice {
  id String @id
  teamId String @map("team_id")
  team Team @relation(fields: [teamId], references: [id])
  amount Int
  ownerId String? @map("owner_id")
  details Json?
  owner Member? @relation(fields: [ownerId], references: [id])
  @@map("invoices")
}
`
  .replaceAll('{ id', '{\n  id')
  .replaceAll('[] }', '[]\n}');

function trace(body: string): readonly QueryPath[] {
  return traceApp({
    'prisma/schema.prisma': schema,
    'lib/prisma.ts': `import { PrismaClient } from '@prisma/client'; const made = globalThis as unknown as { prisma?: PrismaClient }; export const prisma = made.prisma ?? new PrismaClient();`,
    'app/api/invoices/[id]/route.ts': `import { prisma } from '@/lib/prisma'; import { requireUser } from '@/lib/session'; import { NextResponse } from 'next/server';
      export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) { const { id } = await params; const user = await requireUser(); const team = new URL(request.url).searchParams.get('team') ?? undefined; ${body} }`,
  }).queries;
}

test('a nested membership filter asks for the member row', () => {
  const [path] = trace(
    'return Response.json(await prisma.invoice.findFirst({ where: { id, team: { members: { some: { userId: user.id } } } } }));',
  );
  expect(path?.query.table).toBe('invoices');
  expect(show(path?.query.where ?? { kind: 'true' })).toBe(
    '(self.id = client params.id and exists Team with (Team.id = self.team_id and exists members with (members.team_id = Team.id and members.user_id = ‹user.id›)))',
  );
});

test('a filter whose value may be undefined may be gone', () => {
  const [path] = trace('return Response.json(await prisma.invoice.findMany({ where: { teamId: team } }));');
  expect(show(path?.query.where ?? { kind: 'true' })).toBe('maybe self.team_id = client query.team');
  const [checked] = trace(
    'if (!team) return new Response(null, { status: 400 }); return Response.json(await prisma.invoice.findMany({ where: { teamId: team } }));',
  );
  expect(show(checked?.query.where ?? { kind: 'true' })).toBe('self.team_id = client query.team');
});

test('a key of several columns is read column by column, and its absence ends the path', () => {
  const paths = trace(
    'const m = await prisma.member.findUnique({ where: { userId_teamId: { userId: user.id, teamId: id } } }); if (!m) return new Response(null, { status: 403 }); return Response.json(await prisma.invoice.findMany({ where: { teamId: id }, select: { amount: true } }));',
  );
  const invoices = paths.find(path => path.query.table === 'invoices');
  expect(showFacts(invoices?.facts ?? [])).toContain(
    'row of members with (members.user_id = ‹user.id› and members.team_id = client params.id)',
  );
  expect(invoices?.query.columns).toEqual(['amount']);
});

test('connect assigns the key column, and include reads the related rows', () => {
  const paths = trace(
    'await prisma.invoice.create({ data: { amount: 1, team: { connect: { id } } } }); return Response.json(await prisma.team.findUnique({ where: { id }, include: { invoices: true } }));',
  );
  expect(paths.find(path => path.query.operation === 'insert')?.query.values).toEqual([
    { column: 'amount', value: { kind: 'constant', value: 1 } },
    { column: 'team_id', value: { kind: 'client', path: 'params.id' } },
  ]);
  expect(paths.find(path => path.query.table === 'Team')?.query.joined.map(row => show(row.where))).toEqual([
    'invoices.team_id = self.id',
  ]);
});

test('an included row that the schema requires is there; one that it does not require may be missing', () => {
  const bound = trace(
    'const m = await prisma.member.findFirst({ where: { userId: user.id }, include: { team: true } }); if (!m) return new Response(null, { status: 403 }); const dto = { ...m.team }; return Response.json(await prisma.invoice.findMany({ where: { teamId: dto.id } }));',
  ).find(path => path.query.table === 'invoices');
  expect(show(bound?.query.where ?? { kind: 'true' })).toBe('self.team_id = Team.id');
  expect(showFacts(bound?.facts ?? []).join('\n')).toContain('Team');
  const loose = trace(
    'const i = await prisma.invoice.findFirst({ where: { teamId: user.teamId }, include: { owner: true } }); if (!i) return new Response(null, { status: 403 }); const dto = { ...i.owner }; return Response.json(await prisma.invoice.findMany({ where: { teamId: dto.teamId } }));',
  ).findLast(path => path.query.table === 'invoices');
  expect(show(loose?.query.where ?? { kind: 'true' })).toContain('maybe');
});

test('of two conditions that are spread in one holds; one that may be missing may be gone', () => {
  const [either] = trace(
    'return Response.json(await prisma.invoice.findMany({ where: { ...(team ? { teamId: user.teamId } : { ownerId: user.id }), amount: 1 } }));',
  );
  expect(show(either?.query.where ?? { kind: 'true' })).toBe(
    '((maybe self.team_id = ‹tenant.id› or self.owner_id = ‹user.id›) and self.amount = 1)',
  );
  const [maybe] = trace(
    'return Response.json(await prisma.invoice.findMany({ where: { ...(team ? { teamId: user.teamId } : {}), amount: 1 } }));',
  );
  expect(show(maybe?.query.where ?? { kind: 'true' })).toBe('(maybe self.team_id = ‹tenant.id› and self.amount = 1)');
});

test('a row whose content is copied into another row leaves; one that only names it does not', () => {
  const escapes = (data: string): boolean | undefined =>
    trace(
      `const found = await prisma.invoice.findUnique({ where: { id } }); if (!found) return new Response(null, { status: 404 }); await prisma.invoice.create({ data: { teamId: user.teamId, ${data} } }); return new Response();`,
    ).find(path => path.query.operation === 'read')?.escapes;
  expect(escapes('amount: found.amount')).toBe(true);
  expect(escapes('ownerId: found.ownerId')).toBe(false);
});

test('a client that a module keeps on the global object is a client', () => {
  const [path] = traceApp({
    'prisma/schema.prisma': schema,
    'lib/prisma.ts': `import { PrismaClient } from '@prisma/client'; declare const global: { prisma: PrismaClient }; if (!global.prisma) { global.prisma = new PrismaClient(); } export default global.prisma;`,
    'app/api/invoices/route.ts': `import prisma from '@/lib/prisma'; export async function GET() { return Response.json(await prisma.invoice.findMany()); }`,
  }).queries;
  expect(path?.query.table).toBe('invoices');
});

test('a client that was generated into the app is a client', () => {
  const { queries } = traceApp({
    'prisma/schema.prisma': schema,
    'generated/client.ts': `import * as $Class from './internal/class'; export const PrismaClient = $Class.getPrismaClientClass(); export type PrismaClient = $Class.PrismaClient;`,
    'generated/internal/class.ts': `import * as runtime from '@prisma/client/runtime/client'; const config: runtime.GetPrismaClientConfig = {} as any;
      export interface PrismaClient { member: unknown } export function getPrismaClientClass() { return runtime.getPrismaClient(config) as unknown as new () => PrismaClient; }`,
    'lib/prisma.ts': `import { PrismaClient } from '@/generated/client'; const kept = globalThis as unknown as { prisma?: PrismaClient }; export const prisma = kept.prisma ?? new PrismaClient();`,
    'app/api/invoices/[id]/route.ts': `import { prisma } from '@/lib/prisma';
      export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) { const { id } = await params; return Response.json(await prisma.invoice.findUnique({ where: { id } })); }`,
  });
  expect(queries.map(path => show(path.query.where))).toEqual(['self.id = client params.id']);
});

test('the only unique key of a unique operation is there: Prisma throws without it', () => {
  const where = (filter: string): string => {
    const [path] = trace(`return Response.json(await prisma.invoice.${filter});`);
    return show(path?.query.where ?? { kind: 'true' });
  };
  expect(where(`update({ where: { id: team, teamId: user.teamId }, data: { amount: 1 } })`)).toBe(
    '(self.id = client query.team and maybe self.team_id = ‹tenant.id›)',
  );
  expect(where(`findFirst({ where: { id: team, amount: 1 } })`)).toBe(
    '(maybe self.id = client query.team and self.amount = 1)',
  );
  expect(where(`updateMany({ where: { id: team, amount: 1 }, data: { amount: 1 } })`)).toBe(
    '(maybe self.id = client query.team and self.amount = 1)',
  );
});

test('of two unique keys either may be left out, and the rest of the filter may always be', () => {
  const [path] = trace(
    'const a = team, b = new URL(request.url).searchParams.get("user") ?? undefined; return Response.json(await prisma.member.findUnique({ where: { id: a, userId_teamId: { userId: b, teamId: a } } }));',
  );
  expect(show(path?.query.where ?? { kind: 'true' })).toContain('maybe self.id');
  const [scoped] = trace('return Response.json(await prisma.invoice.delete({ where: { id, teamId: team } }));');
  expect(show(scoped?.query.where ?? { kind: 'true' })).toContain('maybe self.team_id = client query.team');
});

test('two paths into a JSON column are two values', () => {
  const [path] = trace(
    `return prisma.invoice.findMany({ where: { AND: [{ details: { path: ['kind'], equals: 'a' } }, { details: { path: ['state'], equals: 'b' } }] } });`,
  );
  expect(path === undefined ? '' : show(path.query.where)).toBe(
    '(json(self.details, array("kind")) = "a" and json(self.details, array("state")) = "b")',
  );
});

test('an upsert that changes nothing reads the row or makes it', () => {
  const operations = (update: string) =>
    trace(
      `return Response.json(await prisma.invoice.upsert({ where: { id }, update: ${update}, create: { id, teamId: user.teamId, amount: 0 } }));`,
    )
      .filter(path => path.query.table === 'invoices')
      .map(path => `${path.query.operation} ${path.escapes}`);
  expect(operations('{}')).toEqual(['read true', 'insert true']);
  expect(operations('{ amount: 1 }')).toEqual(['update true', 'insert true']);
});

test('an id of text that was read is there and not empty, so a filter by it stays', () => {
  const where = (id: string) =>
    trace(`const mine = await prisma.invoice.findFirstOrThrow({ where: { id, teamId: user.teamId } });
      return Response.json(await prisma.invoice.findMany({ where: { ...(${id} ? { id: ${id} } : {}) } }));`).map(path =>
      show(path.query.where),
    )[1];
  expect(where('mine.id')).toBe('self.id = invoices.id');
  expect(where('mine.ownerId')).toContain('maybe');
});

test('a model that no schema describes is a gap, and not silence', () => {
  const reasons = (schemaText: string): readonly string[] =>
    traceApp({
      'prisma/schema.prisma': schemaText,
      'app/api/teams/route.ts': `
        import { PrismaClient } from '@prisma/client';
        const prisma = new PrismaClient();
        export async function GET() { return Response.json(await prisma.team.findMany()); }`,
    }).model.gaps.map(gap => gap.reason);
  const missing = `The model 'team' is in no Prisma schema that was read; its queries are not judged.`;
  expect(reasons('')).toContain(missing);
  expect(reasons(schema)).not.toContain(missing);
});
