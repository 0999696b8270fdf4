import { listed } from '../../core/list.ts';
import { objectName, type Cell, type CellCommand } from '../../core/cell.ts';
import { groupBy } from '../../core/group.ts';
import type { Change } from '../../core/rules.ts';
import type { Verdict } from '../../core/verdict.ts';
import type { RulesState } from './compare.ts';
import { commandOrder, subjectOf, verbOf } from './words.ts';

/** Cells whose verdict differs, those of one object, role and difference in one sentence. */
export function cellChanges(before: RulesState, after: RulesState): readonly Change[] {
  const old = byKey(before.cells);
  const now = byKey(after.cells);
  const objectsBefore = new Set(before.cells.map(objectOf));
  const objectsAfter = new Set(after.cells.map(objectOf));
  const differences: Difference[] = [];
  for (const key of new Set([...old.keys(), ...now.keys()])) {
    const [was, is] = [old.get(key), now.get(key)];
    const cell = is ?? was;
    if (cell === undefined || was?.verdict === is?.verdict) continue;
    // What went with its object is told with the object.
    if (is === undefined && !objectsAfter.has(objectOf(cell))) continue;
    const isNew = !objectsBefore.has(objectOf(cell));
    const told = describe(was?.verdict, is?.verdict, isNew);
    if (told !== undefined) differences.push({ cell, told, was: was?.verdict, is: is?.verdict, isNew });
  }
  return group(differences).flatMap(toChanges);
}

interface Difference {
  readonly cell: Cell;
  readonly told: Told;
  readonly was: Verdict | undefined;
  readonly is: Verdict | undefined;
  readonly isNew: boolean;
}

/** What a difference means, and its sentence. */
interface Told {
  readonly direction: Change['direction'];
  readonly words: (who: string, commands: readonly CellCommand[], cell: Cell) => string;
}

function describe(was: Verdict | undefined, is: Verdict | undefined, isNew: boolean): Told | undefined {
  if (is === 'leaks')
    return {
      direction: 'worse',
      words: (who, commands, cell) => `${who} can ${isNew ? '' : 'now '}${reach(commands, cell)}`,
    };
  if (is === 'broken' && !isNew)
    return {
      direction: 'worse',
      words: (_, commands, cell) =>
        `nobody can now ${plainReach(commands, cell, 'or')}, not even the tenant that owns the rows`,
    };
  if (was === 'leaks')
    return is === 'unknown'
      ? {
          direction: 'changed',
          words: (who, commands, cell) => `it can no longer be told whether ${who} can ${reach(commands, cell, 'or')}`,
        }
      : { direction: 'better', words: (who, commands, cell) => `${who} can no longer ${reach(commands, cell, 'or')}` };
  if (is === 'unknown' && !isNew)
    return {
      direction: 'changed',
      words: (who, commands, cell) => `it can no longer be told whether ${who} can ${reach(commands, cell, 'or')}`,
    };
  if (was === 'unknown')
    return {
      direction: 'better',
      words: (who, commands, cell) => `it can now be told that ${who} cannot ${reach(commands, cell, 'or')}`,
    };
  if (was === 'broken')
    return { direction: 'better', words: (_, commands, cell) => `its owners can ${plainReach(commands, cell)} again` };
  if (is === 'public')
    return {
      direction: 'changed',
      words: (who, commands, cell) =>
        `${who} can ${isNew ? '' : 'now '}${plainReach(commands, cell)}, whose rows belong to no tenant`,
    };
  if (was === 'public')
    return {
      direction: 'changed',
      words: (who, commands, cell) => `${who} can no longer ${plainReach(commands, cell, 'or')}`,
    };
  return undefined;
}

function reach(commands: readonly CellCommand[], cell: Cell, last: 'and' | 'or' = 'and'): string {
  const name = nameOf(cell);
  if (cell.objectKind === 'function') return `reach other tenants' rows through '${name}'`;
  if (cell.objectKind === 'bucket') return `${verbs(commands, last)} other tenants' files in ${name}`;
  if (commands.length === 1 && commands[0] === 'insert') return `add rows to '${name}' that belong to other tenants`;
  return `${verbs(commands, last)} other tenants' rows of '${name}'`;
}

function plainReach(commands: readonly CellCommand[], cell: Cell, last: 'and' | 'or' = 'and'): string {
  const name = nameOf(cell);
  if (cell.objectKind === 'function') return `call '${name}'`;
  return `${verbs(commands, last)} ${cell.objectKind === 'bucket' ? `files in ${name}` : `'${name}'`}`;
}

function verbs(commands: readonly CellCommand[], last: 'and' | 'or'): string {
  return listed(commandOrder.filter(command => commands.includes(command)).map(verbOf), last);
}

/** Differences of one object, role and meaning; then actors with the same commands together. */
function group(differences: readonly Difference[]): readonly (readonly Difference[])[] {
  const groups = groupBy(differences, ({ cell, was, is }) => {
    const isClosed = was === 'leaks' && is !== 'unknown';
    const meaning = is === 'leaks' ? 'opened' : isClosed ? 'closed' : `${was ?? ''} ${is ?? ''}`;
    return [objectOf(cell), cell.role, meaning].join('\n');
  });
  return [...groups.values()];
}

function toChanges(differences: readonly Difference[]): readonly Change[] {
  const byActor = [...groupBy(differences, ({ cell }) => cell.actor).values()];
  const alike = groupBy(byActor, own =>
    own
      .map(({ cell }) => cell.command)
      .toSorted()
      .join(' '),
  );
  return [...alike.values()].flatMap(own => toChange(own.flat()));
}

function toChange(differences: readonly Difference[]): readonly Change[] {
  const [first] = differences;
  if (first === undefined) return [];
  const actors = [...new Set(differences.map(({ cell }) => cell.actor))];
  const commands = commandOrder.filter(command => differences.some(({ cell }) => cell.command === command));
  const { cell, told, was, is } = first;
  return [
    {
      direction: told.direction,
      kind: 'cell',
      object: nameOf(cell),
      role: cell.role,
      actors,
      commands,
      ...(was === undefined ? {} : { before: was }),
      ...(is === undefined ? {} : { after: is }),
      words: told.words(subjectOf(cell.role, actors), commands, cell),
    },
  ];
}

function byKey(cells: readonly Cell[]): ReadonlyMap<string, Cell> {
  return new Map(cells.map(cell => [[objectOf(cell), cell.role, cell.actor, cell.command].join('\n'), cell] as const));
}

function objectOf(cell: Cell): string {
  return [cell.objectKind === 'bucket' ? 'bucket' : '', cell.schema, cell.object, cell.bucket ?? ''].join('\n');
}

function nameOf(cell: Cell): string {
  if (cell.bucket !== undefined) return `bucket '${cell.bucket}'`;
  return objectName(cell);
}
