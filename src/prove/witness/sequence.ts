import { objectName, type Cell } from '../../core/cell.ts';
import { carryOutEach, type Attack, type AttackOutcome } from '../exploit/attack.ts';
import type { Range } from '../exploit/range.ts';
import { tableAttacks } from '../exploit/table-attacks.ts';
import { writeTranscript } from '../exploit/transcript.ts';

/** A write that policies allow and that ties its writer to a tenant. */
export interface OpeningWrite {
  readonly table: string;
  readonly command: 'insert' | 'update';
  readonly role: string;
}

/**
 * Whether a cell that holds for one statement falls after a write that was seen to leak: the script of both. The fault is
 * the write's, whose own cell leaks; this one says how far it reaches.
 */
export async function replaySequence(cell: Cell, write: OpeningWrite, range: Range): Promise<string | undefined> {
  const target = range.targets.get(objectName(cell));
  if (cell.objectKind !== 'table' || target === undefined || target.table.name === write.table) return undefined;
  for (const opening of openings(cell, write, range)) {
    const attacks = tableAttacks(target, opening.session, range.database, range.tenancy)
      .filter(attack => attack.command === cell.command && attack.tier === 'api')
      .map(attack => after(opening, attack));
    const outcomes = await carryOutEach(range.attempt, opening.session, attacks);
    const reached = outcomes.find(({ result }) => result.kind === 'reached');
    if (reached !== undefined) return writeTranscript(reached, [write.table, target.table.name], range);
  }
  return undefined;
}

/** The write as it was made, by the actor of the cell where he made it. */
function openings(cell: Cell, write: OpeningWrite, { shown }: Range): readonly AttackOutcome[] {
  const made = [...shown].flatMap(([leak, outcome]) =>
    objectName(leak) === write.table &&
    leak.command === write.command &&
    leak.role === write.role &&
    leak.role === cell.role
      ? [{ leak, outcome }]
      : [],
  );
  const own = made.filter(({ leak }) => leak.actor === cell.actor);
  return [...own, ...made].slice(0, 1).map(({ outcome }) => outcome);
}

function after({ attack: opening }: AttackOutcome, attack: Attack): Attack {
  return {
    ...attack,
    setup: [...opening.setup, ...attack.setup],
    before: [...(opening.before ?? []), opening.statement, ...(attack.before ?? [])],
  };
}
