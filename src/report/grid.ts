import { objectName, type Cell, type CellCommand } from '../core/cell.ts';
import { groupBy } from '../core/group.ts';
import { compareText } from '../core/place.ts';
import type { RulesResult } from '../core/result.ts';
import { actors, commands } from './order.ts';
import { standings, worstStanding, type Standing } from './standing.ts';

/** The matrix as a picture: roles and commands across, objects down, those of one owner together. */
export interface Grid {
  readonly key: 'rows' | 'calls';
  readonly roles: readonly string[];
  readonly commands: readonly CellCommand[];
  readonly groups: readonly GridGroup[];
}

/** Objects whose rows belong to the same owner. */
export interface GridGroup {
  readonly title: string;
  readonly rows: readonly GridRow[];
}

/** One object: each box holds the cells of every actor in one role at one command. */
export interface GridRow {
  readonly name: string;
  readonly kind: Cell['objectKind'];
  readonly worst: Standing;
  readonly box: (role: string, command: CellCommand) => readonly Cell[];
}

/** The grid of tables, views and files, and the grid of functions; each absent when it has no cell. */
export function toGrids(cells: readonly Cell[], owners: RulesResult['tenancy']['owners']): readonly Grid[] {
  const isCall = (cell: Cell): boolean => cell.command === 'execute';
  const rows = cells.filter(cell => !isCall(cell));
  const calls = cells.filter(isCall);
  return [
    ...(rows.length === 0 ? [] : [toGrid('rows', rows, owners)]),
    ...(calls.length === 0 ? [] : [toGrid('calls', calls, owners)]),
  ];
}

function toGrid(key: Grid['key'], cells: readonly Cell[], owners: RulesResult['tenancy']['owners']): Grid {
  const rows = [...groupBy(cells, rowName)].map(([name, own]) => {
    const row = toRow(name, own);
    return { title: row.worst === 'leaks' ? leaking : titleOf(own[0], owners), row };
  });
  const groups = [...groupBy(rows, row => row.title)].map(([title, own]) => ({
    title,
    rows: own.map(each => each.row).toSorted(compareRows),
  }));
  return {
    key,
    roles: rolesOf(cells),
    commands: commands.filter(command => cells.some(cell => cell.command === command)),
    groups: groups.toSorted(
      (left, right) =>
        groupRank(left.title) - groupRank(right.title) ||
        right.rows.length - left.rows.length ||
        compareText(left.title, right.title),
    ),
  };
}

function rowName(cell: Cell): string {
  return cell.bucket === undefined ? objectName(cell) : `${objectName(cell)} (${cell.bucket})`;
}

function toRow(name: string, cells: readonly Cell[]): GridRow {
  const boxes = groupBy(cells, cell => `${cell.role}\n${cell.command}`);
  const byActor = (left: Cell, right: Cell): number => actors.indexOf(left.actor) - actors.indexOf(right.actor);
  return {
    name,
    kind: cells[0]?.objectKind ?? 'table',
    worst: worstStanding(cells),
    box: (role, command) => (boxes.get(`${role}\n${command}`) ?? []).toSorted(byActor),
  };
}

/** Roles from the outside in: who need not sign in comes first, the owner last. */
function rolesOf(cells: readonly Cell[]): readonly string[] {
  const roles = groupBy(cells, cell => cell.role);
  const outermost = (role: string): number =>
    role === 'owner' ? actors.length : Math.min(...(roles.get(role) ?? []).map(cell => actors.indexOf(cell.actor)));
  return [...roles.keys()].toSorted((left, right) => outermost(left) - outermost(right) || compareText(left, right));
}

/** What needs a reader first stands first, of whatever kind it is: further down it would be seen late. */
const leaking = 'Leak: another tenant reaches them';

const unowned = ['Belong to nobody', 'Whose rows these are is not known', 'Views', 'Functions', 'Files'];

function titleOf(cell: Cell | undefined, owners: RulesResult['tenancy']['owners']): string {
  if (cell === undefined) return '';
  if (cell.objectKind === 'function') return 'Functions';
  if (cell.objectKind === 'view' || cell.objectKind === 'materialized-view') return 'Views';
  if (cell.objectKind === 'bucket') return 'Files';
  const owner = owners.find(each => each.table === objectName(cell));
  const last = /→ (.+)\.[^.]+$/.exec(owner?.path.at(-1) ?? '')?.[1];
  if (owner === undefined || owner.kind === 'unknown') return 'Whose rows these are is not known';
  if (owner.kind === 'shared') return 'Belong to nobody';
  const whose = owner.kind === 'user' ? 'a user' : 'a tenant';
  return last === undefined ? `Belong to ${whose}` : `Belong to ${whose}, a row of ${last}`;
}

function groupRank(title: string): number {
  if (title === leaking) return -2;
  return unowned.indexOf(title) + (title.startsWith('Belong to a user') ? 0.5 : 0);
}

function compareRows(left: GridRow, right: GridRow): number {
  return standings.indexOf(left.worst) - standings.indexOf(right.worst) || compareText(left.name, right.name);
}
