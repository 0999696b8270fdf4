import type { Gap } from '../../core/gap.ts';
import type { DatabaseModel, Table } from './types.ts';

/** A database with nothing in it. */
export const noDatabase: DatabaseModel = {
  tables: [],
  views: [],
  functions: [],
  roles: [],
  enums: [],
  buckets: [],
  platform: 'plain',
};

/**
 * The catalog, with tables, columns and links that code names and no migration made: the app queries them all the same.
 * A relation that only the code knows counts as a key, as it does where there is no catalog.
 */
export function withSchemaOfCode(
  catalog: DatabaseModel | undefined,
  code: DatabaseModel,
): { readonly database: DatabaseModel; readonly gaps: readonly Gap[] } {
  if (catalog === undefined) return { database: code, gaps: [] };
  const described = new Map(code.tables.map(table => [table.name, table]));
  const known = new Set([...catalog.tables, ...catalog.views].map(({ name }) => name));
  const missing = code.tables.filter(table => !known.has(table.name));
  const tables = catalog.tables.map(table => withColumnsOf(table, described.get(table.name)));
  if (missing.length === 0 && tables.every((table, index) => table === catalog.tables[index]))
    return { database: catalog, gaps: [] };
  const enums = new Set(catalog.enums.map(entry => entry.name));
  const database = {
    ...catalog,
    tables: [...tables, ...missing],
    enums: [...catalog.enums, ...code.enums.filter(entry => !enums.has(entry.name))],
  };
  return { database, gaps: gapFor(missing) };
}

/** A table with the columns that code knows besides (a migration failed), and the links that have no key. */
function withColumnsOf(table: Table, described: Table | undefined): Table {
  if (described === undefined) return table;
  const spelled = new Set(table.columns.map(column => bare(column.name)));
  const columns = described.columns.filter(column => !spelled.has(bare(column.name)));
  const names = new Set([...table.columns, ...columns].map(column => column.name));
  const keyed = new Set(table.foreignKeys.flatMap(key => key.columns));
  const links = described.foreignKeys.filter(
    key => key.columns.every(column => names.has(column)) && !key.columns.some(column => keyed.has(column)),
  );
  if (columns.length === 0 && links.length === 0) return table;
  return { ...table, columns: [...table.columns, ...columns], foreignKeys: [...table.foreignKeys, ...links] };
}

/** `teamId` and `team_id` are one column under two spellings. */
function bare(name: string): string {
  return name.replaceAll('_', '').toLowerCase();
}

const mostNamed = 5;

function gapFor(missing: readonly Table[]): readonly Gap[] {
  const [first] = missing;
  if (first === undefined) return [];
  const names = missing.slice(0, mostNamed).map(({ name }) => `'${name}'`);
  const rest = missing.length > mostNamed ? ` and ${missing.length - mostNamed} more` : '';
  const [are, their] = missing.length === 1 ? ['table', 'is'] : ['tables', 'are'];
  return [
    {
      reason: `The ${are} ${names.join(', ')}${rest} ${their} in the schema of the code and in no migration that replayed; policies are not known.`,
      file: first.definedAt?.file ?? '',
      line: first.definedAt?.line ?? 0,
      settles: 0,
    },
  ];
}
