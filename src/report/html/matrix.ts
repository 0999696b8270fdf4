import { objectName, type Cell, type CellCommand } from '../../core/cell.ts';
import { groupBy } from '../../core/group.ts';
import type { RulesResult } from '../../core/result.ts';
import { type Grid, type GridRow, toGrids } from '../grid.ts';
import {
  type Standing,
  standingMeaning,
  standingOf,
  standings,
  standingShort,
  standingSign,
  standingWord,
  worstStanding,
} from '../standing.ts';
import { actorWords, count, grouped } from '../words.ts';
import { laterRows, rowKey, rowsAtOnce } from './later-rows.ts';
import { markup, idOf, type Markup } from './markup.ts';
import { transcriptBlock } from './transcript.ts';

/** The matrix role × command × object; each box is a button that opens what each actor came to, with no script. */
export function matrixGrid({ cells, tenancy }: RulesResult, key: string): Markup {
  const grids = toGrids(cells, tenancy.owners);
  const shown = rowsAtOnce(grids);
  const later = laterRows(grids, shown, {
    row: (row, grid) => gridRow(row, grid, key),
    popovers: (row, grid) => popovers(row, grid, key),
  });
  return markup`<div class="picture">${leakLinks(grids, key)}${filterBar(grids, key)}${legend(cells)}${grids.map(each => gridTable(each, shown, key))}
    <p class="none quiet" hidden>No object has this name and standing.</p>${later}</div>
    ${grids.map(each => each.groups.map(group => group.rows.map(row => shown.has(rowKey(row)) && popovers(row, each, key))))}`;
}

const mostLinks = 60;

/** Where to look, before any scrolling: every table, view, function and bucket that leaks. */
function leakLinks(grids: readonly Grid[], key: string): Markup {
  const leaking = grids.flatMap(grid => grid.groups.flatMap(group => group.rows)).filter(row => row.worst === 'leaks');
  const more = leaking.length - mostLinks;
  return leaking.length === 0
    ? markup``
    : markup`<p class="leak-links"><b>${grouped(leaking.length)} leak</b> ${leaking.slice(0, mostLinks).map(row => markup`<a href="#${rowId(row, key)}">${row.name}</a> `)}${more > 0 && markup`<span class="quiet">and ${grouped(more)} more below</span>`}</p>`;
}

function rowId(row: GridRow, key: string): string {
  return idOf(key, ['row', row.kind, row.name].join(' '));
}

/** What narrows the grid to some of its rows; the script shows it, as without one it could do nothing. */
function filterBar(grids: readonly Grid[], key: string): Markup {
  const rows = grids.flatMap(grid => grid.groups.flatMap(group => group.rows));
  const byStanding = groupBy(rows, row => row.worst);
  const chip = (standing: Standing): Markup =>
    markup`<button type="button" class="chip" data-standing="${standing}" aria-pressed="false"><i class="sign ${standing}" aria-hidden="true">${standingSign(standing)}</i>${grouped(byStanding.get(standing)?.length ?? 0)} ${standingWord(standing)}</button>`;
  return markup`<div class="filter-bar" hidden><label for="find-${key}">Find</label><input type="search" id="find-${key}" placeholder="name of a table" autocomplete="off">
    ${standings.filter(standing => byStanding.has(standing)).map(chip)}<span class="quiet shown" role="status" aria-live="polite"></span></div>`;
}

/** What the signs mean that some cell has. */
function legend(cells: readonly Cell[]): Markup {
  const met = new Set(cells.map(standingOf));
  return markup`<p class="legend">${standings
    .filter(standing => met.has(standing))
    .map(
      standing =>
        markup`<span><i class="sign ${standing}" aria-hidden="true">${standingSign(standing)}</i> <b>${standingShort(standing)}</b> ${standingMeaning(standing)}</span>`,
    )}</p>`;
}

function gridTable(grid: Grid, shown: ReadonlySet<string>, key: string): Markup {
  const width = grid.commands.length;
  const columns = 1 + grid.roles.length * width;
  const caption = grid.key === 'calls' ? 'Functions, by role' : 'Tables, views and files, by role and command';
  return markup`<div class="scroll grid-scroll" tabindex="-1"><table class="matrix" data-grid="${grid.key}"><caption class="unseen">${caption}</caption>
    <thead><tr><th class="corner" rowspan="2" scope="col">${grid.key === 'calls' ? 'function' : 'table'}</th>${grid.roles.map(role => markup`<th class="who" scope="colgroup" colspan="${width}">${role}</th>`)}</tr>
    <tr>${grid.roles.map(() => grid.commands.map((command, index) => markup`<th class="what ${index === 0 && 'first'}" scope="col">${command}</th>`))}</tr></thead>
    ${grid.groups.map(
      group => markup`<tbody${!group.rows.some(row => shown.has(rowKey(row))) && markup` hidden`}><tr class="group"><th scope="rowgroup" colspan="${columns}"><span>${group.title} <b>${grouped(group.rows.length)}</b></span></th></tr>
      ${group.rows.map(row => shown.has(rowKey(row)) && gridRow(row, grid, key))}</tbody>`,
    )}</table></div>`;
}

function gridRow(row: GridRow, grid: Grid, key: string): Markup {
  return markup`<tr class="object" id="${rowId(row, key)}" data-name="${row.name.toLowerCase()}" data-standing="${row.worst}"><th scope="row" title="${row.name}">${row.name}</th>${grid.roles.map(
    role =>
      grid.commands.map((command, index) => {
        const cells = row.box(role, command);
        return markup`<td class="${index === 0 && 'first'}">${cells.length > 0 && boxButton(cells, row, command, key)}</td>`;
      }),
  )}</tr>`;
}

function boxButton(cells: readonly Cell[], row: GridRow, command: CellCommand, key: string): Markup {
  const [first] = cells;
  if (first === undefined) return markup``;
  const standing = worstStanding(cells);
  const label = `${row.name}: ${command} as ${first.role}: ${standingWord(standing)}`;
  return markup`<button type="button" class="cell ${standing}" popovertarget="${boxId(first, row, key)}" aria-label="${label}"><i aria-hidden="true">${standingSign(standing)}</i><span aria-hidden="true">${standingShort(standing)}</span></button>`;
}

function popovers(row: GridRow, grid: Grid, key: string): Markup {
  return markup`${grid.roles.map(role =>
    grid.commands.map(command => {
      const cells = row.box(role, command);
      return cells.length > 0 && popover(cells, row, key);
    }),
  )}`;
}

function popover(cells: readonly Cell[], row: GridRow, key: string): Markup {
  const [first] = cells;
  if (first === undefined) return markup``;
  const id = boxId(first, row, key);
  const shown = new Set<string>();
  return markup`<div popover id="${id}"><button type="button" class="close" popovertarget="${id}" popovertargetaction="hide">close</button>
    <h3><code>${row.name}</code> ${first.command} as ${first.role}</h3>
    ${[...groupBy(cells, alike).values()].toSorted(byNeed).map(group => actorBlock(group, shown))}</div>`;
}

/** What needs a reader stands first. */
function byNeed(left: readonly Cell[], right: readonly Cell[]): number {
  return standings.indexOf(worstStanding(left)) - standings.indexOf(worstStanding(right));
}

/** Actors for whom the same was seen by the same evidence stand together. */
function alike(cell: Cell): string {
  const evidence = cell.evidence.map(({ kind, transcript }) => (kind === 'replay' ? `${kind} ${transcript}` : kind));
  return JSON.stringify([standingOf(cell), cell.tier, cell.verdict === 'leaks' ? cell.because : '', evidence]);
}

function actorBlock(cells: readonly Cell[], shown: Set<string>): Markup {
  const [first] = cells;
  if (first === undefined) return markup``;
  const standing = standingOf(first);
  const evidence = first.evidence.filter(each => !shown.has(each.transcript));
  for (const each of evidence) shown.add(each.transcript);
  return markup`<div class="actor"><p><i class="sign ${standing}" aria-hidden="true">${standingSign(standing)}</i> <b>${standingWord(standing)}</b> for ${cells.map(cell => actorWords(cell.actor)).join('; ')}${first.tier === 'sql' && standing === 'leaks' && markup` <span class="quiet">needs free SQL as this role</span>`}</p>
    <p class="small">${first.because}</p>
    ${evidence.map(each => markup`<div class="box"><span>${evidenceWords(each.kind)}</span>${transcriptBlock(each.transcript)}${each.assumptions.length > 0 && markup`<p class="quiet small">Assumes: ${each.assumptions.join(' ')}</p>`}</div>`)}</div>`;
}

function evidenceWords(kind: Cell['evidence'][number]['kind']): string {
  return kind === 'replay'
    ? 'Replayed in a copy of your database'
    : kind === 'proof'
      ? 'Proved'
      : kind === 'bounded'
        ? 'Searched within bounds'
        : 'From the policies alone';
}

function boxId(cell: Cell, row: GridRow, key: string): string {
  return idOf(key, [cell.schema, row.kind, row.name, cell.role, cell.command].join(' '));
}

/** How many of the objects leak, as the sentence over the matrix. */
export function matrixSentence(cells: readonly Cell[]): string {
  const leaking = cells.filter(cell => cell.verdict === 'leaks');
  const objects = new Set(leaking.map(objectName)).size;
  const attempts = count(cells.length, 'cell');
  return leaking.length === 0
    ? `${attempts}, none reached another tenant's rows.`
    : `${grouped(leaking.length)} of ${attempts} reached another tenant's rows, in ${count(objects, 'table, view or function', 'tables, views or functions')}.`;
}
