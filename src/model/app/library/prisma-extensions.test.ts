import { describe, expect, test } from 'vitest';

import { show, traceApp } from '../fixtures/inline-app.ts';
import type { QueryPath } from '../types.ts';

const schema = `
model Firm {
  id String @id
  seats Seat[]
  bills Bill[]
  tags Tag[]
}
model Seat {
  id String @id
  userId String
  firmId String
  firm Firm @relation(fields: [firmId], references: [id])
}
model Bill {
  id String @id
  firmId String
  sum Int
  firm Firm @relation(fields: [firmId], references: [id])
}
model Tag {
  id String @id
  firms Firm[]
}`;

/** What `GET /api/bills/[id]` asks of a client that `lib/prisma.ts` makes. */
function trace(client: string, body: string): readonly QueryPath[] {
  return traceApp({
    'prisma/schema.prisma': schema,
    'lib/prisma.ts': `import { PrismaClient, Prisma } from '@prisma/client'; ${client}`,
    'app/api/bills/[id]/route.ts': `
      import { Prisma } from '@prisma/client';
      import { prisma, forFirm } from '@/lib/prisma'; import { requireUser } from '@/lib/session';
      export async function GET(request: Request, { params }: { params: Promise<{ id: string }> }) {
        const { id } = await params; const user = await requireUser();
        const only = new URL(request.url).searchParams.get('only');
        ${body} }`,
  }).queries;
}

const plain = 'export const prisma = new PrismaClient(); export const forFirm = (id: string) => prisma;';

function wheres(paths: readonly QueryPath[]): readonly string[] {
  return paths.map(path => `${path.query.table}: ${show(path.query.where)}`);
}

describe('client extensions', () => {
  const scoped = `
    const base = new PrismaClient();
    export const prisma = base;
    export function forFirm(firmId: string) {
      return base.$extends({ query: { $allModels: { async $allOperations({ model, operation, args, query }) {
        args.where = { ...args.where, firmId };
        return query(args);
      } } } });
    }`;

  test('add what they put into the filter, for the tenant that the caller is given', () => {
    const own = trace(scoped, 'return Response.json(await forFirm(user.teamId).bill.findFirst({ where: { id } }));');
    expect(wheres(own)).toEqual(['Bill: (self.id = client params.id and maybe self.firmId = ‹tenant.id›)']);
    const foreign = trace(scoped, 'return Response.json(await forFirm(id).bill.findMany());');
    expect(wheres(foreign)).toEqual(['Bill: self.firmId = client params.id']);
  });

  test('change nothing of models and operations that they do not name', () => {
    const client = `
      export const prisma = new PrismaClient().$extends({ query: { seat: { findMany({ args, query }) {
        return query({ ...args, where: { ...args.where, userId: 'nobody' } });
      } } } });
      export const forFirm = prisma;`;
    expect(wheres(trace(client, 'return Response.json(await prisma.bill.findMany({ where: { id } }));'))).toEqual([
      'Bill: self.id = client params.id',
    ]);
    expect(wheres(trace(client, 'return Response.json(await prisma.seat.findMany({ where: { id } }));'))).toEqual([
      'Seat: (self.id = client params.id and self.userId = "nobody")',
    ]);
  });

  test('add methods to models and to the client', () => {
    const client = `
      export const prisma = new PrismaClient().$extends({
        model: { bill: { async ofFirm(firmId: string) { return Prisma.getExtensionContext(this).findMany({ where: { firmId } }); } } },
        client: { $ping() { return true; } },
      });
      export const forFirm = prisma;`;
    expect(
      wheres(trace(client, 'prisma.$ping(); return Response.json(await prisma.bill.ofFirm(user.teamId));')),
    ).toEqual(['Bill: maybe self.firmId = ‹tenant.id›']);
  });

  test('with policies of ZenStack are not judged by their filter alone', () => {
    const client = `import { enhance } from '@zenstackhq/runtime';
      export const prisma = new PrismaClient(); export const forFirm = (user: unknown) => enhance(prisma, { user });`;
    expect(
      wheres(trace(client, 'return Response.json(await forFirm(user).bill.findMany({ where: { id } }));')),
    ).toEqual(['Bill: (self.id = client params.id and opaque)']);
  });
});

describe('related rows', () => {
  test('of a row that was found are those that belong to it', () => {
    const paths = trace(plain, 'return Response.json(await prisma.firm.findUnique({ where: { id } }).bills());');
    expect(paths.flatMap(path => path.query.joined.map(row => `${row.table}: ${show(row.where)}`))).toEqual([
      'Bill: Bill.firmId = self.id',
    ]);
  });

  test('of a relation with lists on both sides belong together by the table between them', () => {
    const paths = trace(
      plain,
      'return Response.json(await prisma.tag.findFirst({ where: { id, firms: { some: { seats: { some: { userId: user.id } } } } } }));',
    );
    expect(wheres(paths)).toEqual([
      'Tag: (self.id = client params.id and exists Firm with (exists _FirmToTag with (_FirmToTag.B = self.id and _FirmToTag.A = Firm.id) and exists Seat with (Seat.firmId = Firm.id and Seat.userId = ‹user.id›)))',
    ]);
  });
});

describe('raw statements', () => {
  test('may be put together from pieces; each way they may read is a query', () => {
    const paths = trace(
      plain,
      'const more = only ? Prisma.sql`and sum > ${10}` : Prisma.empty; return Response.json(await prisma.$queryRaw`select * from "Bill" where "firmId" = ${user.teamId} ${more}`);',
    );
    expect(wheres(paths)).toContain('Bill: self.firmId = ‹tenant.id›');
    expect(paths.every(path => show(path.query.where).includes('self.firmId = ‹tenant.id›'))).toBe(true);
  });

  test('whose filter is only one of the pieces leak where it is left out', () => {
    const paths = trace(
      plain,
      'const mine = only ? Prisma.sql`where "firmId" = ${user.teamId}` : Prisma.empty; return Response.json(await prisma.$queryRaw(Prisma.sql`select * from "Bill" ${mine}`));',
    );
    expect(wheres(paths).toSorted()).toEqual(['Bill: self.firmId = ‹tenant.id›', 'Bill: true']);
  });

  test('with a list of rows’ columns ask for such a row', () => {
    const paths = trace(
      plain,
      'const seats = await prisma.seat.findMany({ where: { userId: user.id } }); const firms = seats.map(seat => seat.firmId); return Response.json(await prisma.$queryRaw`select * from "Bill" where "firmId" in (${Prisma.join(firms)})`);',
    );
    expect(wheres(paths)[1]).toBe('Bill: exists Seat with (Seat.userId = ‹user.id› and self.firmId = Seat.firmId)');
  });

  test('that are put together as text are read all the same, MySQL’s quotes too', () => {
    const paths = trace(
      plain,
      "return Response.json(await prisma.$queryRawUnsafe(`select * from \\`Bill\\` where id = '${id}'`));",
    );
    expect(wheres(paths)).toEqual(['Bill: self.id = client params.id']);
  });
});
