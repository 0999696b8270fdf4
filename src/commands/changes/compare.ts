import type { Cell } from '../../core/cell.ts';
import { compareText } from '../../core/place.ts';
import type { Change } from '../../core/rules.ts';
import type { DatabaseModel } from '../../model/database/types.ts';
import { accessChanges } from './access.ts';
import { cellChanges } from './cells.ts';
import { findRenames, renameChanges, withNewNames } from './renames.ts';
import { schemaChanges } from './schema.ts';

/** One state of a database: what it is made of, and what was reached in it. */
export interface RulesState {
  readonly database: DatabaseModel;
  readonly cells: readonly Cell[];
}

/**
 * What differs between two states, worse first, then by object and role. Cells say what became reachable; what they do not
 * show (a command that is allowed at all, a policy, a grant) is listed beside them.
 */
export function compareRules(old: RulesState, after: RulesState): readonly Change[] {
  const renames = findRenames(old.database, after.database);
  const before = withNewNames(old, renames, after.database);
  const cells = cellChanges(before, after);
  const access = accessChanges(before.database, after.database).filter(
    change => !cells.some(cell => covers(cell, change)),
  );
  return [
    ...cells,
    ...access,
    ...renameChanges(renames, after.database),
    ...schemaChanges(before.database, after.database),
  ].toSorted(compareChanges);
}

function covers(cell: Change, access: Change): boolean {
  return (
    cell.object === access.object &&
    cell.role === access.role &&
    (access.commands ?? []).every(command => cell.commands?.includes(command) === true)
  );
}

const directions: readonly Change['direction'][] = ['worse', 'changed', 'better'];
const kinds: readonly Change['kind'][] = [
  'table',
  'bucket',
  'cell',
  'access',
  'row-security',
  'policy',
  'grant',
  'view',
  'function',
];

function compareChanges(left: Change, right: Change): number {
  return (
    directions.indexOf(left.direction) - directions.indexOf(right.direction) ||
    compareText(left.object, right.object) ||
    kinds.indexOf(left.kind) - kinds.indexOf(right.kind) ||
    compareText(left.role ?? '', right.role ?? '') ||
    compareText(left.words, right.words)
  );
}
