import type { Predicate, RowVariable, Term } from '../../../core/predicate.ts';
import { conjunctsOf } from '../../../logic/equalities.ts';
import type { CachedEvent, ModuleMapEvent, ObserveInput } from '../events.ts';
import type { Observation, QueryPath } from '../types.ts';
import { rowsIn, termsIn, type RowUse, type Value } from '../value.ts';
import { byEntry } from './by-entry.ts';
import { distinctTerms, keyOf, termsOf, termsOfQuery } from './predicates.ts';

type Cache = Extract<Observation, { kind: 'cache' }>;

/** Computations and maps whose content outlives a request: what it depends on, and what it is kept under. */
export function observeCaches(input: ObserveInput): readonly Cache[] {
  const queries = new Map(input.queries.map(path => [path.id, path]));
  const producers = new Map(
    input.events.flatMap(event => (event.kind === 'query' ? [[event.row, queries.get(event.pathId)] as const] : [])),
  );
  const before = rowsLoadedBefore(input);
  return input.events.flatMap(event => {
    if (event.kind === 'cached') return fromComputation(event, before, queries);
    if (event.kind === 'module-map' && event.access === 'set') return [fromMap(event, input, before, producers)];
    return [];
  });
}

/** React's own `cache` lives as long as the request and is left out. */
function fromComputation(
  event: CachedEvent,
  loadedBefore: LoadedBefore,
  queries: ReadonlyMap<string, QueryPath>,
): readonly Cache[] {
  if (event.mechanism === 'react-cache') return [];
  const inside = event.queries.flatMap(id => queries.get(id) ?? []);
  // Next.js serialises what a 'use cache' function captured into its key; `unstable_cache` keys by arguments and key parts alone.
  // https://nextjs.org/docs/app/api-reference/directives/use-cache#cache-keys
  const captured = event.mechanism === 'use-cache' ? event.captured.map(capture => capture.value) : [];
  const keyed = distinctTerms([...event.arguments, ...event.keyParts, ...captured].flatMap(termsIn));
  return [
    {
      kind: 'cache',
      place: event.place,
      mechanism: event.mechanism,
      name: event.name,
      dependsOn: identifying([...event.dependsOn, ...inside.flatMap(termsOfQuery)], loadedBefore(event)),
      keyed,
      tables: tablesOf(inside.map(path => path.query.table)),
      fixed: inside.map(({ query }) => ({ table: query.table, columns: fixedBy(keyed, query.where, 'self') })),
      entryPoints: [event.entryPoint.name],
    },
  ];
}

function fromMap(
  event: ModuleMapEvent,
  input: ObserveInput,
  loadedBefore: LoadedBefore,
  producers: ReadonlyMap<string, QueryPath | undefined>,
): Cache {
  const held = event.value === undefined ? [] : rowsIn(event.value);
  const paths = held.flatMap(use => producers.get(use.row) ?? []);
  const rows = held.flatMap(use => input.rows.get(use.row) ?? []);
  const direct = event.value === undefined ? [] : termsIn(event.value);
  const keyed = distinctTerms(termsIn(event.key));
  const about = { kind: 'cache', place: event.place, mechanism: 'module-map', name: event.name, keyed } as const;
  if (event.value !== undefined && isMadeOfKey(event.value, keyed))
    return { ...about, dependsOn: [], tables: [], fixed: [], entryPoints: [event.entryPoint.name] };
  return {
    ...about,
    dependsOn: identifying(
      [...paths.flatMap(termsOfQuery), ...rows.flatMap(row => termsOf(row.where)), ...direct],
      loadedBefore(event, new Set(held.map(use => use.row))),
    ),
    tables: tablesOf([...held.flatMap(use => use.table ?? []), ...paths.map(path => path.query.table)]),
    fixed: [
      ...rows.map(row => ({ table: row.table, columns: fixedBy(keyed, row.where, row.name) })),
      ...paths.map(({ query }) => ({ table: query.table, columns: fixedBy(keyed, query.where, 'self') })),
    ],
    entryPoints: [event.entryPoint.name],
  };
}

/** A formatter for a locale, kept under the locale: whoever has the key could make it, whosever row the locale was in. */
function isMadeOfKey(value: Value, keyed: readonly Term[]): boolean {
  const keys = new Set(keyed.map(keyOf));
  const varying = termsIn(value).filter(({ kind }) => kind !== 'constant' && kind !== 'environment');
  const isWhole = ({ columns }: RowUse): boolean => columns === undefined || columns.length === 0;
  return varying.length > 0 && varying.every(term => keys.has(keyOf(term))) && !rowsIn(value).some(isWhole);
}

/** Columns of the row that are equal to what stands in the key. */
function fixedBy(keyed: readonly Term[], where: Predicate, row: string): readonly string[] {
  const keys = new Set(keyed.map(keyOf));
  return conjunctsOf(where).flatMap(conjunct => {
    // A value that is missing is missing in the key as well.
    const inner = conjunct.kind === 'maybe-absent' ? conjunct.operand : conjunct;
    if (inner.kind !== 'compare' || inner.operator !== '=') return [];
    return [
      [inner.left, inner.right],
      [inner.right, inner.left],
    ].flatMap(([own, other]) =>
      own?.kind === 'column' && own.row === row && other !== undefined && keys.has(keyOf(other)) ? [own.column] : [],
    );
  });
}

/** Terms that differ from principal to principal, or from request to request; columns of rows that were loaded for one of them too. */
function identifying(terms: readonly Term[], loaded: ReadonlySet<string>): readonly Term[] {
  return distinctTerms(
    terms.filter(
      term =>
        term.kind === 'principal' ||
        term.kind === 'client' ||
        term.kind === 'tool-argument' ||
        (term.kind === 'column' && loaded.has(term.row)),
    ),
  );
}

type LoadedBefore = (event: CachedEvent | ModuleMapEvent, kept?: ReadonlySet<string>) => ReadonlySet<string>;

/** Rows that the entry point read outside of what is kept: the caller's membership, an object they named. */
function rowsLoadedBefore({ events, rows }: ObserveInput): LoadedBefore {
  const personal = events.filter(event => event.kind === 'query').filter(({ row }) => isPersonal(rows.get(row)));
  const loadedBy = byEntry(personal);
  return (event, kept) => {
    const outside = loadedBy(event.entryPoint.name).filter(
      other => kept?.has(other.row) !== true && !(event.kind === 'cached' && other.inside.includes(event.id)),
    );
    return new Set(outside.map(other => other.row));
  };
}

function isPersonal(row: RowVariable | undefined): boolean {
  return row !== undefined && termsOf(row.where).some(term => term.kind === 'principal' || term.kind === 'client');
}

function tablesOf(tables: readonly string[]): readonly string[] {
  return [...new Set(tables)].toSorted();
}
