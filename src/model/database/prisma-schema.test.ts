import { expect, test } from 'vitest';

import { inferTenancy } from '../tenancy/infer.ts';
import { prismaDatabase } from './prisma-schema.ts';

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

const database = prismaDatabase([schema]);
const table = (name: string) => database.tables.find(candidate => candidate.name === name);

test('models become tables with the names, keys and types that the database has', () => {
  expect(table('teams')?.columns).toEqual([
    { name: 'id', type: 'uuid', notNull: true, hasDefault: true, generated: false },
  ]);
  expect(table('Seat')?.primaryKey).toEqual(['user_id', 'team_id']);
  expect(table('Seat')?.foreignKeys.map(key => [key.columns, key.table, key.referencedColumns])).toEqual([
    [['user_id'], 'User', ['id']],
    [['team_id'], 'teams', ['id']],
  ]);
  expect(table('Note')).toMatchObject({ schema: 'content', uniqueKeys: [['teamId', 'slug'], ['id']] });
  expect(table('Note')?.columns.find(column => column.name === 'words')?.type).toBe('text[]');
});

test('a relation of lists on both sides is a table of its own', () => {
  expect(table('_NoteToTag')?.foreignKeys.map(key => [key.columns[0], key.table])).toEqual([
    ['A', 'content.Note'],
    ['B', 'Tag'],
  ]);
});

test('tenancy follows from a schema alone', () => {
  const tenancy = inferTenancy(database);
  expect(tenancy.root?.table).toBe('teams');
  expect(tenancy.memberships).toMatchObject([{ table: 'Seat', tenantColumn: 'team_id', userColumn: 'user_id' }]);
});
