import type { Cell, CellCommand } from '../../core/cell.ts';
import { groupBy } from '../../core/group.ts';
import type { Matrix, MatrixColumn, MatrixRow } from '../matrix.ts';
import { type Standing, standingMeaning, standingOf, standings, standingShort, standingSign } from '../standing.ts';
import { actorWords, commandLetter, grouped } from '../words.ts';
import { type Pen, paragraph, standingPaint } from './pen.ts';
import { clean, cut, padEnd } from './text.ts';

/** What the signs mean that some cell has. */
export function matrixLegend(pen: Pen, cells: readonly Cell[]): readonly string[] {
  const met = new Set(cells.map(standingOf));
  const entries = standings
    .filter(standing => met.has(standing))
    .map(standing => `${standingSign(standing)} ${standingShort(standing)}: ${standingMeaning(standing)}`);
  return paragraph(pen, entries.join(' | '), 2, pen.quiet);
}

/** The grid in as many side-by-side parts as the width asks for; rows that are quiet or alike are folded unless all are asked for. */
export function matrixLines(pen: Pen, matrix: Matrix, all: boolean): readonly string[] {
  const isWhole = all || matrix.rows.length <= mostRows;
  const shown = isWhole ? matrix.rows : matrix.rows.filter(row => row.worst !== 'isolated');
  const folded = matrix.rows.length - shown.length;
  const found = isWhole ? shown.map(alone) : alike(matrix, shown);
  const runs = all ? found : found.slice(0, mostLines);
  const left = found.slice(runs.length).reduce((sum, { others }) => sum + 1 + others, 0);
  const nameWidth = Math.min(Math.max(...runs.map(run => [...nameOf(run)].length), 8), widestName);
  const room = pen.width - nameWidth - 2;
  const perPart = Math.max(
    1,
    Math.min(matrix.columns.length, Math.floor(room / (Math.max(matrix.commands.length * 2 - 1, 13) + 3))),
  );
  const group = Math.min(Math.floor(room / perPart) - 3, 22);
  const parts = Array.from({ length: Math.ceil(matrix.columns.length / perPart) }, (_, index) =>
    matrix.columns.slice(index * perPart, (index + 1) * perPart),
  );
  return [
    ...parts.flatMap(columns => [
      ...part({ pen, columns, commands: matrix.commands, rows: runs, nameWidth, width: group }),
      '',
    ]),
    ...(left > 0 ? [pen.quiet(`  … ${grouped(left)} more that need a reader: drydock rules --all`), ''] : []),
    ...(folded > 0 ? [pen.quiet(`  … ${grouped(folded)} more, every cell isolated: drydock rules --all`), ''] : []),
  ];
}

/** So many rows are shown as they are. */
const mostRows = 12;

/** So many lines fit beside the rest of the screen. */
const mostLines = 24;

const widestName = 34;

/** A row of the grid, and how many others have the same signs everywhere. */
interface Run {
  readonly row: MatrixRow;
  readonly others: number;
}

function alone(row: MatrixRow): Run {
  return { row, others: 0 };
}

/** A few leaks stand each by itself; else rows with the same signs everywhere are one line. */
function alike({ columns, commands }: Matrix, rows: readonly MatrixRow[]): readonly Run[] {
  const isFew = rows.filter(({ worst }) => worst === 'leaks').length <= mostRows;
  const groups = groupBy(rows, row =>
    row.worst === 'leaks' && isFew
      ? row.name
      : columns.map(column => commands.map(command => standingIn(row, column, command) ?? '').join()).join('|'),
  );
  return [...groups.values()].flatMap(([row, ...others]) =>
    row === undefined ? [] : [{ row, others: others.length }],
  );
}

function nameOf({ row, others }: Run): string {
  const more = others === 0 ? '' : ` and ${others} more`;
  return `${cut(clean(row.name), widestName - more.length)}${more}`;
}

interface Part {
  readonly pen: Pen;
  readonly columns: readonly MatrixColumn[];
  readonly commands: readonly CellCommand[];
  readonly rows: readonly Run[];
  readonly nameWidth: number;
  readonly width: number;
}

function part({ pen, columns, commands, rows, nameWidth, width }: Part): readonly string[] {
  const lead = `  ${' '.repeat(nameWidth)}`;
  const line = (text: (column: MatrixColumn) => string): string =>
    lead + columns.map(column => `   ${padEnd(cut(text(column), width), width)}`).join('');
  return [
    pen.strong(line(column => clean(column.role)).trimEnd()),
    pen.quiet(line(column => shortActor(column)).trimEnd()),
    pen.quiet(line(() => commands.map(commandLetter).join(' ')).trimEnd()),
    ...rows.map(run => {
      const signs = columns.map(
        column => `   ${padEnd(commands.map(command => signOf(pen, run.row, column, command)).join(' '), width)}`,
      );
      return `  ${padEnd(nameOf(run), nameWidth)}${signs.join('')}`.trimEnd();
    }),
  ];
}

function signOf(pen: Pen, row: MatrixRow, column: MatrixColumn, command: CellCommand): string {
  const standing = standingIn(row, column, command);
  if (standing === undefined) return ' ';
  return standingPaint(pen, standing)(standingSign(standing));
}

function standingIn(row: MatrixRow, column: MatrixColumn, command: CellCommand): Standing | undefined {
  const cell = row.cell(column, command);
  return cell === undefined ? undefined : standingOf(cell);
}

function shortActor(column: MatrixColumn): string {
  return column.actor === 'member-of-both'
    ? 'both tenants'
    : column.actor === 'member'
      ? 'other tenant'
      : column.actor === 'stranger'
        ? 'no tenant'
        : column.actor === 'admin'
          ? 'other admin'
          : actorWords(column.actor);
}
