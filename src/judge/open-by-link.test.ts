import { expect, test } from 'vitest';

import { capabilityColumns } from '../model/tenancy/secrets.ts';
import { readPrismaSchemas } from '../model/database/prisma-schema.ts';
import { databaseOfPrisma } from '../model/database/prisma-tables.ts';
import type { Table } from '../model/database/types.ts';
import { isUnguessableKey } from './open-by-link.ts';

const database = databaseOfPrisma(
  readPrismaSchemas([
    {
      file: 'schema.prisma',
      text: `
model Poll {
  id String @id
  number Int @unique
  slug String @unique
  shareId String @unique @default(cuid())
}
model InviteLink {
  id Int @id @default(autoincrement())
  code String @unique
}
model Country {
  code String @id
}
`,
    },
  ]),
);

function table(name: string): Table {
  const found = database.tables.find(candidate => candidate.name === name);
  if (found === undefined) throw new Error(`There is no table ${name}.`);
  return found;
}

test('an id of text is made up at random, whoever makes it up; numbers, slugs and codes of countries are not', () => {
  const keys = (name: string) =>
    table(name).columns.flatMap(column => (isUnguessableKey(table(name), column.name) ? [column.name] : []));
  expect(keys('Poll')).toEqual(['id', 'shareId']);
  expect(keys('InviteLink')).toEqual([]);
  expect(keys('Country')).toEqual([]);
});

test('the code of an invitation authorises whoever knows it; that of a country does not', () => {
  expect(capabilityColumns(table('InviteLink'))).toEqual(['code']);
  expect(capabilityColumns(table('Country'))).toEqual([]);
});
