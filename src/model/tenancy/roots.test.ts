import { expect, test } from 'vitest';

import { entails } from '../../logic/entails.ts';
import type { Predicate, Term } from '../../core/predicate.ts';
import { readPrismaSchemas } from '../database/prisma-schema.ts';
import { databaseOfPrisma } from '../database/prisma-tables.ts';
import { inferTenancy } from './infer.ts';

/** Workspaces and suppliers have users of their own; a contract stands between the two. */
const schema = `
model User {
  id String @id
  email String @unique
  photoId String?
  photo Photo? @relation(fields: [photoId], references: [id])
}
model Photo {
  id String @id
  url String
}
model Workspace {
  id String @id
  settingsId String @unique
  settings Settings @relation(fields: [settingsId], references: [id])
}
model Settings {
  id String @id
  theme String
}
model WorkspaceUser {
  userId String
  workspaceId String
  user User @relation(fields: [userId], references: [id])
  workspace Workspace @relation(fields: [workspaceId], references: [id])
  @@id([userId, workspaceId])
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
model Program {
  id String @id
  workspaceId String
  workspace Workspace @relation(fields: [workspaceId], references: [id])
}
model Contract {
  id String @id
  programId String
  supplierId String
  program Program @relation(fields: [programId], references: [id])
  supplier Supplier @relation(fields: [supplierId], references: [id])
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
model Certificate {
  id String @id
  supplierId String
  supplier Supplier @relation(fields: [supplierId], references: [id])
}
`;
const database = databaseOfPrisma(readPrismaSchemas([{ file: 'schema.prisma', text: schema }]));
const tenancy = inferTenancy(database, { root: 'Workspace' });
const ownershipOf = (table: string) => tenancy.owners.find(owner => owner.table === table)?.ownership;

test('tenants of another kind are found with their members, and what is theirs alone', () => {
  expect(tenancy.root?.table).toBe('Workspace');
  expect(tenancy.otherRoots).toMatchObject([
    { table: 'Supplier', key: 'id', memberships: [{ table: 'SupplierUser', tenantColumn: 'supplierId' }] },
  ]);
  expect(ownershipOf('Contract')).toMatchObject({
    kind: 'tenant',
    path: [{ table: 'Program' }, { table: 'Workspace' }],
  });
  expect(ownershipOf('Bid')).toMatchObject({ kind: 'tenant', path: [{ table: 'Supplier' }] });
});

test('a part to which one owned row alone refers belongs with it; a picture of a user groups nobody', () => {
  expect(ownershipOf('Settings')).toMatchObject({
    kind: 'tenant',
    path: [{ column: 'id', table: 'Workspace', referencedColumn: 'settingsId' }, { table: 'Workspace' }],
  });
  expect(tenancy.otherRoots?.map(root => root.table)).not.toContain('Photo');
});

const column = (row: string, name: string): Term => ({ kind: 'column', row, column: name });
const equal = (left: Term, right: Term): Predicate => ({ kind: 'compare', operator: '=', left, right });

function rightTo(table: string, condition: Predicate, membership: 'SupplierUser' | 'none') {
  const seat = {
    name: 'seat',
    table: 'SupplierUser',
    where: equal(column('seat', 'userId'), { kind: 'principal', attribute: 'user.id' }),
  };
  return entails(
    {
      row: { name: 'self', table, where: condition },
      rows: membership === 'none' ? [] : [seat],
      conditions: [],
      memberTenants: [],
      signedIn: true,
      absence: 'dropped',
    },
    { database, tenancy },
  ).kind;
}

test('both parties of a contract reach it, and nobody else', () => {
  const bySupplier = equal(column('self', 'supplierId'), column('seat', 'supplierId'));
  const byId = equal(column('self', 'id'), { kind: 'client', path: 'params.id' });
  expect(rightTo('Contract', bySupplier, 'SupplierUser')).toBe('owned');
  expect(rightTo('Contract', byId, 'SupplierUser')).toBe('not-owned');
  expect(rightTo('Bid', bySupplier, 'SupplierUser')).toBe('owned');
  expect(rightTo('Bid', equal(column('self', 'supplierId'), { kind: 'client', path: 'supplier' }), 'none')).toBe(
    'not-owned',
  );
});

function tenancyOf(text: string): ReturnType<typeof inferTenancy> {
  return inferTenancy(databaseOfPrisma(readPrismaSchemas([{ file: 'schema.prisma', text }])));
}

const club = `
model User {
  id String @id
  email String @unique
  seats Seat[]
}
model Team {
  id String @id
  seats Seat[]
  boards Board[]
  roles Role[]
}
model Role {
  id String @id
  teamId String
  team Team @relation(fields: [teamId], references: [id])
  seats Seat[]
}
model Seat {
  id String @id
  userId String?
  user User? @relation(fields: [userId], references: [id])
  teamId String
  team Team @relation(fields: [teamId], references: [id])
  roleId String?
  role Role? @relation(fields: [roleId], references: [id])
  boardId String?
  @@map("team_members")
}
model Board {
  id String @id
  teamId String
  team Team @relation(fields: [teamId], references: [id])
}
model Attachment {
  id String @id
  boardId String
}
model Wallet {
  id String @id
  stripeCustomerId String?
  entries Entry[]
}
model Entry {
  id String @id
  walletId String
  wallet Wallet @relation(fields: [walletId], references: [id])
}
model Digest {
  id String @id
  emailLimits Int
}
model Remark {
  id String @id
  entityType String
  entityId String
}`;

test('a membership may name a role that its tenant made', () => {
  expect(tenancyOf(club).memberships.map(membership => membership.table)).toEqual(['team_members']);
});

test('a column called after an owned table leads to it, and no key to an unknown owner makes reference data', () => {
  const owners = new Map(tenancyOf(club).owners.map(owner => [owner.table, owner.ownership]));
  expect(owners.get('Attachment')).toMatchObject({ kind: 'tenant', path: [{ column: 'boardId', table: 'Board' }, {}] });
  expect(owners.get('Wallet')?.kind).toBe('unknown');
  expect(owners.get('Entry')?.kind).toBe('unknown');
  expect(owners.get('Digest')?.kind).toBe('shared');
  expect(owners.get('Remark')?.kind).toBe('unknown');
});

const papers = (more: string, column: string): string => `
model User {
  id String @id
  ${column}
  paper Paper? @relation(fields: [paperId], references: [id])
}
model Paper {
  id String @id
  ${more}
  pages Page[]
  notes Note[]
  copies Copy[]
}
model Page {
  id String @id
  paperId String
  paper Paper @relation(fields: [paperId], references: [id])
}
model Note {
  id String @id
  paperId String
  paper Paper @relation(fields: [paperId], references: [id])
}
model Copy {
  id String @id
  paperId String
  paper Paper @relation(fields: [paperId], references: [id])
}`;

test('what a person owns and prefers is no tenant', () => {
  const own = papers('userId String\n  user User @relation(fields: [userId], references: [id])', 'paperId String?');
  expect(tenancyOf(own).root?.table).toBe('User');
});

test('what belongs to no person and groups them is a tenant, however it is called', () => {
  expect(tenancyOf(papers('title String', 'paperId String')).root?.table).toBe('Paper');
});

const employers = (links: string): string => `
model User {
  id String @id
  email String @unique
  ${links}
}
model Company {
  id String @id
  createdBy String
  maker User @relation("maker", fields: [createdBy], references: [id])
  jobs Job[]
  visits Visit[]
}
model Job {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
  companyId String
  company Company @relation(fields: [companyId], references: [id])
}
model Visit {
  id String @id
  companyId String
  company Company @relation(fields: [companyId], references: [id])
}
model Task {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
}
model Note {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
}
model Tag {
  id String @id
  createdBy String
  maker User @relation(fields: [createdBy], references: [id])
}`;

test('what a person wrote down is no tenant, even where it is called like one', () => {
  expect(tenancyOf(employers('')).root?.table).toBe('User');
});

test('a company that people work for is a tenant, whoever entered it', () => {
  const works = 'companyId String\n  company Company @relation("staff", fields: [companyId], references: [id])';
  expect(tenancyOf(employers(works)).root?.table).toBe('Company');
});

const career = `
model User {
  id String @id
}
model Sheet {
  id String @id
  userId String
  user User @relation(fields: [userId], references: [id])
}
model Section {
  id String @id
  sheetId String
  sheet Sheet @relation(fields: [sheetId], references: [id])
}
model Place {
  id String @id
  createdBy String
  maker User @relation(fields: [createdBy], references: [id])
}
model Entry {
  id String @id
  placeId String
  place Place @relation(fields: [placeId], references: [id])
  sectionId String
  section Section @relation(fields: [sectionId], references: [id])
}
model Photo {
  id String @id
  placeId String
  place Place @relation(fields: [placeId], references: [id])
}`;

test('a part of somebody’s own row is theirs, whatever else it names', () => {
  const owners = new Map(tenancyOf(career).owners.map(owner => [owner.table, owner.ownership]));
  expect(owners.get('Entry')).toMatchObject({ kind: 'user', path: [{ column: 'sectionId' }, {}, {}] });
  expect(owners.get('Photo')).toMatchObject({ kind: 'user', path: [{ column: 'placeId' }, { column: 'createdBy' }] });
});
