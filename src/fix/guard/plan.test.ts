import { expect, test } from 'vitest';
import { readPrismaSchemas } from '../../model/database/prisma-schema.ts';
import { databaseOfPrisma } from '../../model/database/prisma-tables.ts';
import { inferTenancy } from '../../model/tenancy/infer.ts';
import { planGuard } from './plan.ts';

const schema = `
model User {
  id String @id
}
model Workspace {
  id String @id
}
model WorkspaceUser {
  userId String
  workspaceId String
  user User @relation(fields: [userId], references: [id])
  workspace Workspace @relation(fields: [workspaceId], references: [id])
  @@id([userId, workspaceId])
}
model Program {
  id String @id
  workspaceId String
  workspace Workspace @relation(fields: [workspaceId], references: [id])
}
model Supplier {
  id String @id
}
model SupplierUser {
  userId String
  supplierId String
  user User @relation(fields: [userId], references: [id])
  supplier Supplier @relation(fields: [supplierId], references: [id])
  @@id([userId, supplierId])
}
model Bid {
  id String @id
  supplierId String
  supplier Supplier @relation(fields: [supplierId], references: [id])
}
model Offer {
  id String @id
  supplierId String
  supplier Supplier @relation(fields: [supplierId], references: [id])
}
`;

const ofSupabase = `
model User {
  id String @id
  @@schema("auth")
}
model Workspace {
  id String @id
  @@schema("public")
}
model WorkspaceUser {
  userId String
  workspaceId String
  user User @relation(fields: [userId], references: [id])
  workspace Workspace @relation(fields: [workspaceId], references: [id])
  @@id([userId, workspaceId])
  @@schema("public")
}
model Program {
  id String @id
  workspaceId String
  workspace Workspace @relation(fields: [workspaceId], references: [id])
  @@schema("public")
}
`;

test('rows of tenants of another kind are not compared with the tenant in scope: they stay closed, and are named', () => {
  const database = databaseOfPrisma(readPrismaSchemas([{ file: 'schema.prisma', text: schema }]));
  const tenancy = inferTenancy(database, { root: 'Workspace' });
  const plan = planGuard(database, tenancy, { auth: false, libraryAddsMembers: false });
  const tables = typeof plan === 'string' ? [] : plan.options.tables.map(each => each.table);
  expect(tables).toContain('Program');
  expect(tables).not.toContain('Bid');
  expect(typeof plan === 'string' ? [] : plan.notes).toContain(
    "'Bid' belongs to tenants of another kind than 'Workspace': it stays closed to the app's role.",
  );
});

test('where the tenant’s row lists its users, there is no table for the guard to ask', () => {
  const database = databaseOfPrisma(readPrismaSchemas([{ file: 'schema.prisma', text: schema }]));
  const list = { table: 'Workspace', tenantColumn: 'id', userColumn: 'people', lists: 'keys', adminRoles: [] } as const;
  const tenancy = { ...inferTenancy(database, { root: 'Workspace' }), memberships: [list] };
  expect(planGuard(database, tenancy, { auth: false, libraryAddsMembers: false })).toMatch(
    /^'people' of 'Workspace' lists/,
  );
});

test('what the platform owns is left as it is: a migration of the app may not change it', () => {
  const plain = databaseOfPrisma(readPrismaSchemas([{ file: 'schema.prisma', text: ofSupabase }]));
  const planned = (platform: 'supabase' | 'plain'): readonly [readonly string[], string] => {
    const database = { ...plain, platform };
    const plan = planGuard(database, inferTenancy(database, { root: 'Workspace' }), {
      auth: false,
      libraryAddsMembers: false,
    });
    return typeof plan === 'string' ? [[], plan] : [plan.options.tables.map(each => each.table), plan.notes.join()];
  };
  const [tables, notes] = planned('supabase');
  expect(tables.toSorted()).toEqual(['Program', 'Workspace']);
  expect(notes).toContain("What Supabase keeps for itself ('auth.User'");
  expect(planned('plain')[0]).toContain('auth.User');
});
