import type { Cell, CellCommand } from '../../core/cell.ts';
import type { Matrix, MatrixColumn, MatrixRow } from '../matrix.ts';
import { standingMeaning, standingOf, standings, standingShort, standingSign } from '../standing.ts';
import { actorWords, commandLetter } from '../words.ts';
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

/** The grid in as many side-by-side parts as the width asks for; quiet rows are folded unless all are asked for. */
export function matrixLines(pen: Pen, matrix: Matrix, all: boolean): readonly string[] {
  const shown = all ? matrix.rows : matrix.rows.filter(row => row.worst !== 'isolated' || matrix.rows.length <= 12);
  const folded = matrix.rows.length - shown.length;
  const nameWidth = Math.min(Math.max(...shown.map(row => [...row.name].length), 8), 34);
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
      ...part({ pen, columns, commands: matrix.commands, rows: shown, nameWidth, width: group }),
      '',
    ]),
    ...(folded > 0 ? [pen.quiet(`  … ${folded} more, every cell isolated: drydock rules --all`), ''] : []),
  ];
}

interface Part {
  readonly pen: Pen;
  readonly columns: readonly MatrixColumn[];
  readonly commands: readonly CellCommand[];
  readonly rows: readonly MatrixRow[];
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
    ...rows.map(row => {
      const signs = columns.map(
        column => `   ${padEnd(commands.map(command => signOf(pen, row, column, command)).join(' '), width)}`,
      );
      return `  ${padEnd(cut(clean(row.name), nameWidth), nameWidth)}${signs.join('')}`.trimEnd();
    }),
  ];
}

function signOf(pen: Pen, row: MatrixRow, column: MatrixColumn, command: CellCommand): string {
  const cell = row.cell(column, command);
  if (cell === undefined) return ' ';
  const standing = standingOf(cell);
  return standingPaint(pen, standing)(standingSign(standing));
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
