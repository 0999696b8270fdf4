import { expect, test } from 'vitest';

import { show, traceApp } from './fixtures/inline-app.ts';
import { termKey } from './keys.ts';

const schema = `
model Team {
  id String @id
  links Link[]
  tags Tag[]
  hooks Hook[]
}
model Link {
  id String @id
  teamId String
  team Team @relation(fields: [teamId], references: [id])
  tags Tag[]
  hooks LinkHook[]
  notes Note[]
}
model Tag {
  id String @id
  teamId String
  team Team @relation(fields: [teamId], references: [id])
  links Link[]
}
model Hook {
  id String @id
  teamId String
  team Team @relation(fields: [teamId], references: [id])
  links LinkHook[]
}
model LinkHook {
  id String @id
  linkId String
  link Link @relation(fields: [linkId], references: [id])
  hookId String
  hook Hook @relation(fields: [hookId], references: [id])
}
model Note {
  id String @id
  linkId String?
  link Link? @relation(fields: [linkId], references: [id])
}
`;

function writes(data: string): readonly string[] {
  const { queries } = traceApp({
    'prisma/schema.prisma': schema,
    'app/api/links/[id]/route.ts': `import { PrismaClient } from '@prisma/client'; const prisma = new PrismaClient();
      export async function PATCH(request: Request, { params }: any) { const { id } = await params; const body = await request.json();
        return Response.json(await prisma.link.update({ where: { id }, data: ${data} })); }`,
  });
  return queries
    .filter(path => path.query.table !== 'Link')
    .map(({ query }) => {
      const values = query.values.map(({ column, value }) => `${column}=${termKey(value).replaceAll(/#\d+/g, '')}`);
      return `${query.operation} ${query.table} ${values.join(' ')}${query.operation === 'update' ? ` where ${show(query.where)}` : ''}`;
    });
}

test('a row written under another one refers to it and to what the caller chose', () => {
  expect(writes('{ hooks: { deleteMany: {}, create: body.hookIds.map((hookId: string) => ({ hookId })) } }')).toEqual([
    'insert LinkHook hookId=client:body.hookIds.[] linkId=Link.id',
  ]);
});

test('what is written only where the caller sent something is written too', () => {
  expect(
    writes('{ ...(body.hookIds && { hooks: { create: body.hookIds.map((hookId: string) => ({ hookId })) } }) }'),
  ).toEqual(['insert LinkHook hookId=client:body.hookIds.[] linkId=Link.id']);
});

test('connecting a row takes it from wherever it was', () => {
  expect(writes('{ notes: { connect: { id: body.noteId } } }')).toEqual([
    'update Note linkId=Link.id where maybe self.id = client body.noteId',
  ]);
});

test('connecting through the table between two writes that table', () => {
  const [write] = writes('{ tags: { connect: body.tagIds.map((id: string) => ({ id })) } }');
  expect(write).toMatch(/^insert _LinkToTag [AB]=Link\.id [AB]=client:body\.tagIds\.\[\]$/);
});

test('disconnecting writes nothing that anybody could own', () => {
  expect(writes('{ notes: { disconnect: { id: body.noteId } } }')).toEqual([]);
});
