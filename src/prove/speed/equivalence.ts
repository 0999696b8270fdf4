import type { Solver } from '../../core/ports.ts';
import { all, any, not } from '../../logic/smt/formula.ts';
import { createEncoder, policyTruth } from '../../logic/smt/policies.ts';
import { createSession } from '../../logic/smt/session.ts';
import { createVocabulary } from '../../logic/smt/vocabulary.ts';
import type { DatabaseModel, Table } from '../../model/database/types.ts';
import { isUserSetting } from '../../model/tenancy/links.ts';
import { constantRow, goalTimeoutMs } from '../proof/goals.ts';

/** Who is asked, as far as policies can tell them apart. */
export interface Asker {
  readonly role: string;
  readonly signedIn: boolean;
}

/** Whether two states of a table's policies let the same rows through. */
export type Equivalence =
  | { readonly kind: 'proved' }
  | { readonly kind: 'different' }
  /** The solver cannot tell. */
  | { readonly kind: 'open'; readonly because: string };

const questions = [
  ['select', 'using'],
  ['insert', 'check'],
  ['update', 'using'],
  ['update', 'check'],
  ['delete', 'using'],
] as const;

/** Asks the solver for a row, rows of other tables and a session for which the policies of both states differ. */
export async function compareStates(
  tableName: string,
  [before, after]: readonly [DatabaseModel, DatabaseModel],
  askers: readonly Asker[],
  solver: Solver | undefined,
): Promise<Equivalence> {
  if (solver === undefined) return { kind: 'open', because: 'z3 is not installed' };
  for (const asker of askers) {
    const found = await compareFor(tableName, before, after, asker, solver);
    if (found.kind !== 'proved') return found;
  }
  return { kind: 'proved' };
}

async function compareFor(
  tableName: string,
  before: DatabaseModel,
  after: DatabaseModel,
  { role, signedIn }: Asker,
  solver: Solver,
): Promise<Equivalence> {
  const [was, is] = [tableIn(before, tableName), tableIn(after, tableName)];
  if (was === undefined || is === undefined) return { kind: 'open', because: 'the table is not known' };
  // Both stand on the same rows: the later state has every function of the earlier one.
  const vocabulary = createVocabulary({ ...after, tables: before.tables });
  const encoder = createEncoder(vocabulary, createSession(vocabulary, { role, signedIn, namesUser: isUserSetting }));
  const row = constantRow(vocabulary, was, 'the row');
  const pairs = questions.map(([command, part]) => {
    const [left, right] = [was, is].map(table => policyTruth(encoder, { table, row, role, command, part }).t);
    return any([all([left ?? 'true', not(right ?? 'true')]), all([not(left ?? 'true'), right ?? 'true'])]);
  });
  const [reason] = vocabulary.reasons;
  if (reason !== undefined) return { kind: 'open', because: `the solver does not follow ${reason}` };
  const answer = await solver.check({
    declarations: vocabulary.declarations(),
    assertions: [any(pairs), ...vocabulary.axioms()].map(formula => ({ formula })),
    timeoutMs: goalTimeoutMs,
  });
  if (answer.kind === 'unsat') return { kind: 'proved' };
  return answer.kind === 'sat'
    ? { kind: 'different' }
    : { kind: 'open', because: `the solver gave up (${answer.reason})` };
}

function tableIn({ tables }: DatabaseModel, name: string): Table | undefined {
  return tables.find(table => table.name === name);
}
