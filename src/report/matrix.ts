import { objectName, type Cell, type CellCommand } from '../core/cell.ts';
import { compareText } from '../core/place.ts';
import type { Verdict } from '../core/verdict.ts';
import { actors, commands, orderCells, verdictRank } from './order.ts';

/** The cells of one database as a grid: who tries across, what is tried on which object down. */
export interface Matrix {
  readonly columns: readonly MatrixColumn[];
  /** The commands that any cell of this grid has, in order. */
  readonly commands: readonly CellCommand[];
  readonly rows: readonly MatrixRow[];
}

/** One who tries: a role of the database, and whom that role stands for. */
export interface MatrixColumn {
  readonly role: string;
  readonly actor: Cell['actor'];
}

/** One object with its cells, by column and command. */
export interface MatrixRow {
  readonly name: string;
  readonly kind: Cell['objectKind'];
  readonly worst: Verdict;
  readonly cell: (column: MatrixColumn, command: CellCommand) => Cell | undefined;
}

/** The grid of tables and views, and the grid of what is executed; each absent when it has no cell. */
export function toMatrices(cells: readonly Cell[]): readonly Matrix[] {
  const ordered = orderCells(cells);
  const isCall = (cell: Cell): boolean => cell.command === 'execute';
  return [ordered.filter(cell => !isCall(cell)), ordered.filter(isCall)].filter(part => part.length > 0).map(toMatrix);
}

function toMatrix(cells: readonly Cell[]): Matrix {
  const byObject = groupByObject(cells);
  return {
    columns: columnsOf(cells),
    commands: commands.filter(command => cells.some(cell => cell.command === command)),
    rows: [...byObject].map(([name, own]) => toRow(name, own)).toSorted(compareRows),
  };
}

function groupByObject(cells: readonly Cell[]): ReadonlyMap<string, readonly Cell[]> {
  const groups = new Map<string, Cell[]>();
  for (const cell of cells) {
    const group = groups.get(objectName(cell)) ?? [];
    group.push(cell);
    groups.set(objectName(cell), group);
  }
  return groups;
}

function columnsOf(cells: readonly Cell[]): readonly MatrixColumn[] {
  const byName = new Map(cells.map(cell => [`${cell.role}\n${cell.actor}`, { role: cell.role, actor: cell.actor }]));
  const columns = [...byName.values()];
  const outermost = (role: string): number =>
    Math.min(...columns.filter(each => each.role === role).map(each => actors.indexOf(each.actor)));
  return columns.toSorted(
    (left, right) =>
      outermost(left.role) - outermost(right.role) ||
      compareText(left.role, right.role) ||
      actors.indexOf(left.actor) - actors.indexOf(right.actor),
  );
}

function toRow(name: string, cells: readonly Cell[]): MatrixRow {
  const byKey = new Map(cells.map(cell => [cellKey(cell, cell.command), cell]));
  return {
    name,
    kind: cells[0]?.objectKind ?? 'table',
    worst: worstOf(cells),
    cell: (column, command) => byKey.get(cellKey(column, command)),
  };
}

function cellKey(column: MatrixColumn, command: CellCommand): string {
  return `${column.role}\n${column.actor}\n${command}`;
}

function worstOf(cells: readonly Cell[]): Verdict {
  return (
    cells.map(cell => cell.verdict).toSorted((left, right) => verdictRank(left) - verdictRank(right))[0] ?? 'isolated'
  );
}

function compareRows(left: MatrixRow, right: MatrixRow): number {
  return Number(left.worst !== 'leaks') - Number(right.worst !== 'leaks') || compareText(left.name, right.name);
}
