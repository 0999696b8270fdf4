import { describe, expect, test } from 'vitest';

import { inferTenancy } from '../tenancy/infer.ts';
import type { Table } from './types.ts';
import { readPrismaSchemas } from './prisma-schema.ts';
import { databaseOfPrisma } from './prisma-tables.ts';
import { withSchemaOfCode } from './schema.ts';

const schema = `
datasource db {
  provider     = "mysql"
  relationMode = "prisma"
}
enum Role {
  OWNER
  MEMBER
}
model User {
  id    String @id @default(cuid())
  email String @unique
  teams Seat[]
}
model Team {
  id    String @id @default(dbgenerated("gen_random_uuid()")) @db.Uuid
  seats Seat[]
  notes Note[]
  @@map("teams")
}
model Seat {
  userId String @map("user_id")
  teamId String @db.Uuid @map("team_id")
  role   Role   @default(MEMBER)
  user   User   @relation(fields: [userId], references: [id], onDelete: Cascade)
  team   Team   @relation(fields: [teamId], references: [id])
  @@id([userId, teamId])
}
model Note {
  id     String   @id
  teamId String   @db.Uuid
  slug   String
  tags   Tag[]
  words  String[]
  team   Team     @relation(fields: [teamId], references: [id])
  @@unique([teamId, slug(sort: Desc)])
  @@schema("content")
}
model Tag {
  id    String @id
  notes Note[]
}
`;

const database = databaseOfPrisma(readPrismaSchemas([{ file: 'schema.prisma', text: schema }]));
const table = (name: string): Table | undefined => database.tables.find(candidate => candidate.name === name);

test('models become tables with the names, keys and types that the database has', () => {
  expect(table('teams')?.columns).toEqual([
    { name: 'id', type: 'uuid', notNull: true, hasDefault: true, generated: false },
  ]);
  expect(table('Seat')?.primaryKey).toEqual(['user_id', 'team_id']);
  expect(table('Seat')?.foreignKeys.map(key => [key.columns, key.table, key.referencedColumns])).toEqual([
    [['user_id'], 'User', ['id']],
    [['team_id'], 'teams', ['id']],
  ]);
  expect(table('content.Note')).toMatchObject({ schema: 'content', uniqueKeys: [['id'], ['teamId', 'slug']] });
  expect(table('content.Note')?.columns.find(column => column.name === 'words')?.type).toBe('text[]');
});

test('a relation of lists on both sides is a table of its own', () => {
  expect(table('content._NoteToTag')?.foreignKeys.map(key => [key.columns[0], key.table])).toEqual([
    ['A', 'content.Note'],
    ['B', 'Tag'],
  ]);
});

test('tenancy follows from a schema alone', () => {
  const tenancy = inferTenancy(database);
  expect(tenancy.root?.table).toBe('teams');
  expect(tenancy.memberships).toMatchObject([{ table: 'Seat', tenantColumn: 'team_id', userColumn: 'user_id' }]);
});

describe('the reader', () => {
  test('is not led astray by comments, quoted slashes, lines that go on, and braces on one line', () => {
    const read = readPrismaSchemas([
      {
        file: 'a.prisma',
        text: `
model Site { id String @id @default(uuid()) }
/// model Ghost {
model Page {
  id     Int    @id
  url    String @default("https://example.test/{a}") @map("page_url") // @unique
  siteId String
  site   Site   @relation(
    fields: [siteId],
    references: [id],
    onDelete: Cascade
  )
  @@unique([siteId, url], name: "address", map: "idx")
}
enum Kind {
  OPEN   @map("open")
  CLOSED
  @@map("kinds")
}`,
      },
    ]);
    expect([...read.models.keys()]).toEqual(['Site', 'Page']);
    const page = read.models.get('Page');
    expect(page?.columns.get('url')).toBe('page_url');
    expect([...(page?.keys ?? [])]).toEqual([
      ['id', ['id']],
      ['address', ['siteId', 'url']],
    ]);
    expect(page?.relations.get('site')).toMatchObject({ fields: ['siteId'], onDelete: 'Cascade' });
    expect(read.enums).toEqual([{ name: 'Kind', table: 'kinds', values: ['open', 'CLOSED'] }]);
  });
});

describe('migrations beside a schema', () => {
  test('come first; what they lack is added, and a gap says that its policies are unknown', () => {
    const [note, ...others] = database.tables.filter(({ name }) => name === 'content.Note');
    const { fromSchema: _, ...made } = note ?? fail();
    const merged = withSchemaOfCode({ ...database, tables: [{ ...made, rowSecurity: true }] }, database);
    expect(others).toEqual([]);
    expect(merged.database.tables.find(({ name }) => name === 'content.Note')?.rowSecurity).toBe(true);
    expect(merged.gaps.map(gap => gap.reason)).toEqual([
      "The tables 'User', 'teams', 'Seat', 'Tag', 'content._NoteToTag' and 1 more are in the schema of the code and in no migration that replayed; policies are not known.",
    ]);
    expect(withSchemaOfCode(database, database).gaps).toEqual([]);
  });
});

function fail(): never {
  throw new Error('The table is absent.');
}
