import type { DatabaseModel } from '../../model/database/types.ts';
import type { TenancyModel } from '../../model/tenancy/types.ts';
import type { Seed, TenantKey } from '../exploit/seed-types.ts';
import { columnCode, findCanaries, type Mark } from './canary.ts';
import { tenantOfRow, type Snapshot } from './state.ts';
import type { View } from './views.ts';

/** Recognises what belongs to a tenant in any text: canaries, ids of rows, stored secrets. */
export interface MarkFinder {
  find(text: string): readonly Mark[];
}

/** A mark with the view it was seen in. */
export interface Sighting extends Mark {
  readonly view: string;
  /** Text around it. */
  readonly excerpt: string;
}

const shortestSecret = 10;
const around = 90;

/** What marks are made from: the seed, and the database as it was when everybody had signed in. */
export interface MarkSource {
  readonly database: DatabaseModel;
  readonly tenancy: TenancyModel;
  readonly seed: Seed;
  readonly clean: Snapshot;
}

/** A finder for everything that the tenants own. */
export function createMarkFinder(source: MarkSource): MarkFinder {
  const { database } = source;
  const columns = new Map(
    database.tables.flatMap(table =>
      table.columns.map(
        column => [columnCode(table.name, column.name), { table: table.name, column: column.name }] as const,
      ),
    ),
  );
  const exact = exactMarks(source);
  return {
    find: text => [...findCanaries(text, columns), ...findExact(text, exact)],
  };
}

/** Values that name a row and are too long to be met by chance: uuids and long text keys, and every stored secret. */
function exactMarks(source: MarkSource): ReadonlyMap<string, Mark> {
  const marks = new Map<string, Mark>();
  for (const table of source.database.tables) {
    const owner = source.tenancy.owners.find(candidate => candidate.table === table.name);
    const keys = table.primaryKey.filter(column => !table.foreignKeys.some(key => key.columns.includes(column)));
    for (const row of source.clean.get(table.name)?.values() ?? []) {
      const tenant = tenantOfRow(table.name, row, { ...source, snapshot: source.clean });
      if (tenant === undefined) continue;
      for (const column of [...keys, ...(owner?.secretColumns ?? [])]) {
        const value = row[column];
        if (typeof value === 'string' && value.length >= shortestSecret && /[a-z]/i.test(value))
          marks.set(value.toLowerCase(), { tenant, table: table.name, column, text: value.toLowerCase() });
      }
    }
  }
  return marks;
}

function findExact(text: string, exact: ReadonlyMap<string, Mark>): readonly Mark[] {
  const found = new Map<string, Mark>();
  for (const match of text.matchAll(/[A-Za-z0-9][A-Za-z0-9_.:$/+=-]{8,}/g)) {
    for (const candidate of [match[0], ...match[0].split(/[.:/=]/)]) {
      const mark = exact.get(candidate.toLowerCase());
      if (mark !== undefined) found.set(mark.text, mark);
    }
  }
  return [...found.values()];
}

/** Every mark in every view, each text once, with the first place it was seen. */
export function sightingsIn(views: readonly View[], finder: MarkFinder): readonly Sighting[] {
  const seen = new Map<string, Sighting>();
  for (const view of views) {
    for (const mark of finder.find(view.text)) {
      if (!seen.has(mark.text))
        seen.set(mark.text, { ...mark, view: view.name, excerpt: excerptAround(view.text, mark.text) });
    }
  }
  return [...seen.values()];
}

function excerptAround(text: string, mark: string): string {
  const at = text.toLowerCase().indexOf(mark);
  const start = Math.max(0, at - around);
  const end = Math.min(text.length, at + mark.length + around);
  return `${start > 0 ? '…' : ''}${text.slice(start, end).replace(/\s+/g, ' ')}${end < text.length ? '…' : ''}`;
}

/** The seeded tenants with their keys. */
export function tenantsOf(seed: Seed): readonly (readonly [TenantKey, NonNullable<Seed['tenants'][TenantKey]>])[] {
  return (['A', 'B', 'C'] as const).flatMap(key => {
    const tenant = seed.tenants[key];
    return tenant === undefined ? [] : [[key, tenant] as const];
  });
}
