import type { SourceFiles } from '../../collect/source/read-source.ts';
import type { Gap } from '../../core/gap.ts';
import { databaseOfDrizzle } from '../app/library/drizzle-tables.ts';
import { readPrismaSchemas } from './prisma-schema.ts';
import { databaseOfPrisma } from './prisma-tables.ts';
import type { DatabaseModel } from './types.ts';

/** No table at all. */
export const noDatabase: DatabaseModel = {
  tables: [],
  views: [],
  functions: [],
  roles: [],
  enums: [],
  buckets: [],
  platform: 'plain',
};

/** The tables that the app's own code describes; what only the database knows is absent. */
export function schemaOfCode(source: SourceFiles | undefined): DatabaseModel {
  if (source === undefined) return noDatabase;
  const prisma = databaseOfPrisma(readPrismaSchemas(source.prismaSchemas()));
  return [databaseOfDrizzle(source)]
    .filter(database => database !== undefined)
    .reduce((known, more) => withSchemaOfCode(known, more).database, prisma);
}

/** The catalog, with tables that code names and no migration made: the app queries them all the same. */
export function withSchemaOfCode(
  catalog: DatabaseModel | undefined,
  code: DatabaseModel,
): { readonly database: DatabaseModel; readonly gaps: readonly Gap[] } {
  if (catalog === undefined) return { database: code, gaps: [] };
  const known = new Set([...catalog.tables, ...catalog.views].map(({ name }) => name));
  const missing = code.tables.filter(table => !known.has(table.name));
  if (missing.length === 0) return { database: catalog, gaps: [] };
  const enums = new Set(catalog.enums.map(entry => entry.name));
  const database = {
    ...catalog,
    tables: [...catalog.tables, ...missing],
    enums: [...catalog.enums, ...code.enums.filter(entry => !enums.has(entry.name))],
  };
  return { database, gaps: missing.map(toGap) };
}

function toGap({ name, definedAt }: DatabaseModel['tables'][number]): Gap {
  return {
    reason: `The table '${name}' is in the schema of the code and in no migration that replayed; its policies are not known.`,
    file: definedAt?.file ?? '',
    line: definedAt?.line ?? 0,
    settles: 0,
  };
}
