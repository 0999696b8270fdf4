import { gzipSync } from 'node:zlib';
import type { Cell } from '../../core/cell.ts';
import type { RulesResult } from '../../core/result.ts';
import { type Grid, type GridRow, toGrids } from '../grid.ts';
import { standings } from '../standing.ts';
import { grouped } from '../words.ts';
import { markup, Markup } from './markup.ts';
import { rowsPopovers } from './transcript.ts';

/** A page of more rows than this opens slowly: those that need nobody are kept back until they are asked for. */
const mostAtOnce = 300;

/** So many of them are shown beside those that need a reader. */
const fewQuiet = 40;

const needsReader: ReadonlySet<string> = new Set(['leaks', 'broken', 'unknown']);

/** The rows that stand in the page as it opens; the others are in it, packed. */
export function rowsAtOnce(grids: readonly Grid[]): ReadonlySet<string> {
  const rows = rowsOf(grids);
  if (rows.length <= mostAtOnce) return new Set(rows.map(rowKey));
  const byNeed = rows.toSorted((left, right) => standings.indexOf(left.worst) - standings.indexOf(right.worst));
  const needed = byNeed.filter(({ worst }) => needsReader.has(worst)).slice(0, mostAtOnce);
  const quiet = byNeed.filter(({ worst }) => !needsReader.has(worst)).slice(0, fewQuiet);
  return new Set([...needed, ...quiet].map(rowKey));
}

/** What names a row among all of a report. */
export function rowKey({ kind, name }: Pick<GridRow, 'kind' | 'name'>): string {
  return `${kind} ${name}`;
}

/** The cells of the rows that stand in the page as it opens. */
export function cellsAtOnce({ cells, tenancy }: Pick<RulesResult, 'cells' | 'tenancy'>): readonly Cell[] {
  const grids = toGrids(cells, tenancy.owners);
  const shown = rowsAtOnce(grids);
  return rowsOf(grids).flatMap(row => (shown.has(rowKey(row)) ? boxesOf(row, grids) : []));
}

function rowsOf(grids: readonly Grid[]): readonly GridRow[] {
  return grids.flatMap(({ groups }) => groups.flatMap(({ rows }) => rows));
}

function boxesOf(row: GridRow, grids: readonly Grid[]): readonly Cell[] {
  return grids.flatMap(({ roles, commands }) =>
    roles.flatMap(role => commands.flatMap(command => row.box(role, command))),
  );
}

/** How a row and what its boxes open are drawn. */
export interface Drawing {
  readonly row: (row: GridRow, grid: Grid) => Markup;
  readonly popovers: (row: GridRow, grid: Grid) => Markup;
}

/** The rows that are kept back, packed, and how many they are; nothing where all are shown. */
export function laterRows(grids: readonly Grid[], shown: ReadonlySet<string>, { row, popovers }: Drawing): Markup {
  const packed = grids.flatMap(grid =>
    grid.groups.flatMap((group, index) =>
      group.rows
        .filter(each => !shown.has(rowKey(each)))
        .map(each => {
          const cells = boxesOf(each, [grid]);
          const sets = rowsPopovers(cells.flatMap(({ evidence }) => evidence.map(({ transcript }) => transcript)));
          return [grid.key, index, row(each, grid).text, popovers(each, grid).text, sets.text] as const;
        }),
    ),
  );
  if (packed.length === 0) return markup``;
  const bytes = gzipSync(JSON.stringify(packed)).toString('base64');
  const more = grouped(packed.length);
  return markup`<p class="later" data-count="${packed.length}"><span class="quiet">${more} more objects are not drawn yet; without a script, drydock rules --all lists them.</span>
    <button type="button" class="chip" hidden>Show the other ${more}</button></p><template class="later-rows">${new Markup(bytes)}</template>`;
}
