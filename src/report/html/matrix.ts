import type { Cell } from '../../core/cell.ts';
import { type Matrix, objectName, toMatrices } from '../matrix.ts';
import { actorWords, commandLetter, count, verdictWords } from '../words.ts';
import { standingOf, standingSign } from '../standing.ts';
import { markup, idOf, type Markup } from './markup.ts';
import { transcriptBlock } from './transcript.ts';

/** The matrix role × command × object; each cell is a button that opens what was tried, with no script. */
export function matrixGrid(cells: readonly Cell[], key: string): Markup {
  return markup`${toMatrices(cells).map(matrix => markup`<div class="scroll">${grid(matrix, key)}</div>`)}
    ${cells.map(cell => popover(cell, key))}`;
}

/** What the signs of the matrix mean. */
export function matrixLegend(): Markup {
  const entry = (verdict: Cell['verdict'], words: string): Markup =>
    markup`<span><i class="cell ${verdict}" aria-hidden="true">${standingSign(standingOf({ verdict, evidence: [] }))}</i> ${words}</span>`;
  return markup`<p class="legend">${entry('leaks', "reaches another tenant's row")}${entry('isolated', 'does not')}${entry('public', 'public')}${entry('unknown', 'could not tell')}${entry('broken', 'not even the owner can')}</p>`;
}

function grid(matrix: Matrix, key: string): Markup {
  const width = matrix.commands.length;
  return markup`<table class="matrix">
    <thead><tr><td></td>${matrix.columns.map(column => markup`<th class="who" scope="colgroup" colspan="${width}"><span><b>${column.role}</b><span class="quiet">${actorWords(column.actor)}</span></span></th>`)}</tr>
    <tr><td></td>${matrix.columns.map(() => matrix.commands.map((command, index) => markup`<th class="what ${index === 0 && 'first'}" scope="col"><abbr title="${command}">${commandLetter(command)}</abbr></th>`))}</tr></thead>
    <tbody>${matrix.rows.map(
      row =>
        markup`<tr><th scope="row" title="${row.name}">${row.name}</th>${matrix.columns.map(column =>
          matrix.commands.map((command, index) => {
            const cell = row.cell(column, command);
            return markup`<td class="${index === 0 && 'first'}">${cell !== undefined && cellButton(cell, key)}</td>`;
          }),
        )}</tr>`,
    )}</tbody></table>`;
}

function cellButton(cell: Cell, key: string): Markup {
  const label = `${objectName(cell)}: ${cell.command} as ${cell.role}, ${actorWords(cell.actor)}: ${verdictWords(cell.verdict)}`;
  return markup`<button type="button" class="cell ${cell.verdict}" popovertarget="${cellId(cell, key)}" aria-label="${label}" title="${label}">${standingSign(standingOf(cell))}</button>`;
}

function popover(cell: Cell, key: string): Markup {
  return markup`<div popover id="${cellId(cell, key)}"><button type="button" class="close" popovertarget="${cellId(cell, key)}" popovertargetaction="hide">close</button>
    <h3><code>${objectName(cell)}</code>: ${cell.command} as ${cell.role}</h3>
    <p class="quiet small">${actorWords(cell.actor)} · ${verdictWords(cell.verdict)}${cell.tier === 'sql' ? ' · needs free SQL as this role' : ''}</p>
    <p>${cell.because}</p>
    ${cell.evidence.map(evidence => markup`<div class="box"><span>${evidenceWords(evidence.kind)}</span>${transcriptBlock(evidence.transcript)}${evidence.assumptions.length > 0 && markup`<p class="quiet small">Assumes: ${evidence.assumptions.join(' ')}</p>`}</div>`)}</div>`;
}

function evidenceWords(kind: Cell['evidence'][number]['kind']): string {
  return kind === 'replay'
    ? 'Replayed in a copy of your database'
    : kind === 'proof'
      ? 'Proved'
      : kind === 'bounded'
        ? 'Tried, within limits'
        : 'From the policies alone';
}

function cellId(cell: Cell, key: string): string {
  return idOf(key, [cell.schema, cell.object, cell.role, cell.actor, cell.command].join(' '));
}

/** How many of the cells leak, as the sentence over the matrix. */
export function matrixSentence(cells: readonly Cell[]): string {
  const leaking = cells.filter(cell => cell.verdict === 'leaks');
  const objects = new Set(leaking.map(objectName)).size;
  const attempts = count(cells.length, 'attempt');
  return leaking.length === 0
    ? `${attempts}, none reached another tenant's rows.`
    : `${leaking.length} of ${attempts} reached another tenant's rows, in ${count(objects, 'table, view or function', 'tables, views or functions')}.`;
}
