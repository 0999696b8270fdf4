import { tableNamed } from '../../logic/named.ts';
import { once } from '../../core/once.ts';
import type { Term } from '../../core/predicate.ts';
import { quoteLiteral } from '../../core/quote.ts';
import { isAddress, isUnique, policyUses } from './links.ts';
import { isRoleColumn } from './names.ts';
import { capabilityColumns, secretColumns } from './secrets.ts';
import type { DatabaseModel } from '../database/types.ts';

/** A column by which a single row is found. */
export interface Found {
  readonly table: string;
  readonly column: string;
}

/** By setting, what finds a single row where policies and the helpers they call compare it: `sessions.token`, `workspaces.id`. */
export const rowsFoundBySettings = once((database: DatabaseModel): ReadonlyMap<string, Found> => {
  const found = policyUses(database).flatMap(({ table, column, with: other }): (readonly [string, Found])[] => {
    const place = other.kind === 'setting' ? placeOf(database, { table, column }) : undefined;
    return other.kind === 'setting' && place !== undefined ? [[other.name, place]] : [];
  });
  return new Map(found.toReversed());
});

/** What a header finds, and how what it says is kept there: as SQL, of a text as SQL. */
export interface FoundByHeader extends Found {
  readonly kept: (said: string) => string;
}

/**
 * By header of a request, what finds a single row: an API key in `api_keys.key`, or its hash there. Who sends one that is not
 * his knows a secret.
 */
export const rowsFoundByHeaders = once((database: DatabaseModel): ReadonlyMap<string, FoundByHeader> => {
  const found = policyUses(database).flatMap(({ table, column, with: other }): (readonly [string, FoundByHeader])[] => {
    const said = headerIn(other);
    const place = said === undefined ? undefined : placeOf(database, { table, column });
    // What is no secret may be sent by anybody.
    return said === undefined || place === undefined || !isSecret(database, place)
      ? []
      : [[said.header, { ...place, kept: said.kept }]];
  });
  return new Map(found.toReversed());
});

interface Said {
  readonly header: string;
  readonly kept: FoundByHeader['kept'];
}

/** A header, or a hash of one. */
function headerIn(term: Term): Said | undefined {
  if (term.kind !== 'call') return undefined;
  const [first, second] = term.arguments;
  const name = term.name.replace(/^(?:extensions|pg_catalog)\./, '');
  const way = second?.kind === 'constant' && typeof second.value === 'string' ? second.value : undefined;
  if (name === 'field')
    return first?.kind === 'setting' && first.name === 'request.headers' && way !== undefined
      ? { header: way, kept: said => said }
      : undefined;
  const inner = first === undefined ? undefined : headerIn(first);
  const make = inner === undefined ? undefined : hashes(name, way);
  return inner === undefined || make === undefined
    ? undefined
    : { header: inner.header, kept: said => make(inner.kept(said)) };
}

/** Hashes of Postgres' own, for those of pgcrypto too. https://www.postgresql.org/docs/18/pgcrypto.html */
function hashes(name: string, way: string | undefined): ((said: string) => string) | undefined {
  switch (name) {
    case 'md5':
      return said => `md5(${said})`;
    case 'convert_to':
      return said => `convert_to(${said}, 'UTF8')`;
    case 'sha224':
    case 'sha256':
    case 'sha384':
    case 'sha512':
      return said => `${name}(${said})`;
    case 'digest':
      return way !== undefined && /^sha(224|256|384|512)$/.test(way)
        ? said => `${way}(convert_to(${said}, 'UTF8'))`
        : undefined;
    case 'encode':
      return way === undefined ? undefined : said => `encode(${said}, ${quoteLiteral(way)})`;
    default:
      return undefined;
  }
}

function isSecret(database: DatabaseModel, { table, column }: Found): boolean {
  const found = tableNamed(database, table);
  return (
    found !== undefined &&
    !found.primaryKey.includes(column) &&
    (secretColumns(found).includes(column) || capabilityColumns(found).includes(column))
  );
}

/** Where the value stands that foreign keys lead to; undefined where it may stand in several rows. */
function placeOf(database: DatabaseModel, from: Found): Found | undefined {
  const seen = new Set<string>();
  let here = from;
  for (;;) {
    const table = tableNamed(database, here.table);
    if (table === undefined || seen.has(`${here.table}.${here.column}`)) return undefined;
    seen.add(`${here.table}.${here.column}`);
    const key = table.foreignKeys.find(({ columns }) => columns.length === 1 && columns[0] === here.column);
    if (key === undefined) {
      return isUnique(table, here.column) && !isAddress(here.column) && !isRoleColumn(here.column) ? here : undefined;
    }
    here = { table: key.table, column: key.referencedColumns[0] ?? '' };
  }
}
