import type { CatalogFacts, DefaultGrant, SourcePlace } from '../../model/database/types.ts';
import {
  databaseMakersQuery,
  defaultGrantsQuery,
  extensionsQuery,
  preRequestQuery,
  publicationsQuery,
  schemasQuery,
} from './catalog-queries.ts';
import type { Places, StatementPlace } from './replay.ts';
import { flag, optionalText, text, texts, type CatalogRow } from './row.ts';

/** Reads what the catalog says beside its objects: schemas, default privileges, publications, extensions. */
export async function readFacts(
  rows: (query: string) => Promise<readonly CatalogRow[]>,
  places: Places,
): Promise<CatalogFacts> {
  const opening = statementsOf(places, 'default-grant:');
  const [preRequest] = await rows(preRequestQuery);
  return {
    schemas: (await rows(schemasQuery)).map(row => ({
      name: text(row, 'name'),
      usage: texts(row, 'usage'),
      create: texts(row, 'create'),
    })),
    defaultGrants: (await rows(defaultGrantsQuery)).map(row => toDefaultGrant(row, opening)),
    publications: (await rows(publicationsQuery)).map(row => ({
      name: text(row, 'name'),
      allTables: flag(row, 'all_tables'),
      tables: texts(row, 'tables'),
    })),
    extensions: (await rows(extensionsQuery)).map(row => {
      const place = places.get(`extension:${text(row, 'name')}`);
      return {
        name: text(row, 'name'),
        schema: text(row, 'schema'),
        ...(place === undefined ? {} : { definedAt: withoutText(place) }),
      };
    }),
    grantStatements: statementsOf(places, 'grant:'),
    ...(preRequest === undefined ? {} : { preRequest: text(preRequest, 'name') }),
    schemaMakers: (await rows(databaseMakersQuery)).map(row => text(row, 'role')),
    takenAsFound: takenAsFound(places),
    writtenSecrets: statementsOf(places, 'secret:').map(({ text: kind, ...place }) => ({ ...place, kind })),
  };
}

function takenAsFound(places: Places): NonNullable<CatalogFacts['takenAsFound']> {
  const found: NonNullable<CatalogFacts['takenAsFound']>[number][] = [];
  let grants = 0;
  for (const [key, place] of places) {
    if (key.startsWith('grant:')) grants += 1;
    const [, what, name] = /^found:(table|view|function|sequence|schema):(.*)$/s.exec(key) ?? [];
    if (what === undefined || name === undefined) continue;
    found.push({ ...withoutText(place), what: what as (typeof found)[number]['what'], name, grantsBefore: grants });
  }
  return found;
}

// https://www.postgresql.org/docs/current/catalog-pg-default-acl.html
const objectKinds: Readonly<Record<string, DefaultGrant['objects']>> = {
  r: 'tables',
  S: 'sequences',
  f: 'functions',
  T: 'types',
  n: 'schemas',
};

function toDefaultGrant(row: CatalogRow, statements: readonly GrantStatement[]): DefaultGrant {
  const schema = optionalText(row, 'schema');
  const names = [schema, text(row, 'role')].flatMap(name =>
    name === undefined ? [] : [new RegExp(`(?<!\\w)${name.replaceAll(/\W/g, '\\$&')}(?!\\w)`, 'i')],
  );
  const statement = statements.findLast(candidate => names.every(name => name.test(candidate.text)));
  return {
    maker: text(row, 'maker'),
    ...(schema === undefined ? {} : { schema }),
    objects: objectKinds[text(row, 'objects')] ?? 'tables',
    role: text(row, 'role'),
    privilege: text(row, 'privilege'),
    ...(statement === undefined ? {} : { definedAt: withoutText(statement) }),
  };
}

type GrantStatement = CatalogFacts['grantStatements'][number];

function statementsOf(places: Places, prefix: string): readonly GrantStatement[] {
  return [...places].flatMap(([key, place]) =>
    key.startsWith(prefix) ? [{ ...withoutText(place), text: place.text ?? '' }] : [],
  );
}

/** Where a statement stands, without what it says. */
export function withoutText({ file, line, endLine }: StatementPlace): SourcePlace {
  return { file, line, ...(endLine === undefined ? {} : { endLine }) };
}
