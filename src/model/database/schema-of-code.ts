import type { SourceFiles } from '../../collect/source/read-source.ts';
import { databaseOfDrizzle } from '../app/library/drizzle-tables.ts';
import { databaseOfSequelize } from '../app/library/sequelize/operations.ts';
import { databaseOfTypeorm } from '../app/library/typeorm/repository.ts';
import { databaseOfKyselyTypes } from './kysely-types.ts';
import { readPrismaSchemas } from './prisma-schema.ts';
import { databaseOfPrisma } from './prisma-tables.ts';
import { databaseOfSupabaseTypes } from './supabase-types.ts';
import { noDatabase, withSchemaOfCode } from './schema.ts';
import type { DatabaseModel } from './types.ts';

/** The tables that the app's own code describes; what only the database knows is absent. */
export function schemaOfCode(source: SourceFiles | undefined): DatabaseModel {
  if (source === undefined) return noDatabase;
  const found = [
    databaseOfPrisma(readPrismaSchemas(source.prismaSchemas())),
    databaseOfDrizzle(source),
    databaseOfTypeorm(source),
    databaseOfSequelize(source),
    // Types say less than a schema: they count where no schema does.
    databaseOfSupabaseTypes(source),
  ];
  const known = found.filter(database => database !== undefined);
  // Types of Kysely have no key at all: they count where nothing else is said.
  const typed = known.some(database => database.tables.length > 0) ? undefined : databaseOfKyselyTypes(source);
  const [first = noDatabase, ...others] = typed === undefined ? known : [typed];
  return others.reduce((known, more) => withSchemaOfCode(known, more).database, first);
}
