import { expect, test } from 'vitest';
import type { Solver, SolverAnswer, SolverGoal } from '../../core/ports.ts';
import { remembering } from './remembering.ts';

/** A question about the rows of a table. */
function about(table: string, more: Partial<SolverGoal> = {}): SolverGoal {
  return {
    declarations: `(declare-sort |row ${table}| 0) (declare-fun |live ${table}| (|row ${table}|) Bool)`,
    assertions: [
      { formula: `(|live ${table}| |the row|)` },
      { name: `outsider of ${table}`, formula: `(not (|live ${table}| |the row|))` },
    ],
    timeoutMs: 0,
    ...more,
  };
}

function counting(answer: (goal: SolverGoal) => SolverAnswer): {
  readonly solver: Solver;
  readonly asked: SolverGoal[];
} {
  const asked: SolverGoal[] = [];
  const check = (goal: SolverGoal): Promise<SolverAnswer> => {
    asked.push(goal);
    return Promise.resolve(answer(goal));
  };
  return { asked, solver: remembering({ check, close: () => Promise.resolve() }) };
}

const needed = ({ assertions }: SolverGoal): readonly string[] => assertions.flatMap(({ name }) => name ?? []);

test('a question about a table of the same shape is answered in its own names', async () => {
  const { solver, asked } = counting(goal => ({ kind: 'unsat', needed: needed(goal) }));
  expect(await solver.check(about('notes'))).toEqual({ kind: 'unsat', needed: ['outsider of notes'] });
  expect(await solver.check(about('tasks'))).toEqual({ kind: 'unsat', needed: ['outsider of tasks'] });
  expect(asked).toHaveLength(1);
});

test('two names where there was one make another question', async () => {
  const { solver, asked } = counting(() => ({ kind: 'sat', model: undefined }));
  const formula = '(and (|live a| |x|) (|live a| |x|))';
  await solver.check(about('a', { assertions: [{ formula }] }));
  await solver.check(about('a', { assertions: [{ formula: formula.replace('|x|', '|y|') }] }));
  await solver.check(about('a', { assertions: [{ name: 'x', formula }] }));
  expect(asked).toHaveLength(3);
});

test('where the solver gave up it is asked again under other names, and once under the same', async () => {
  const { solver, asked } = counting(() => ({ kind: 'unknown', reason: 'too many steps' }));
  for (const table of ['notes', 'notes', 'tasks', 'tasks']) await solver.check(about(table));
  expect(asked).toHaveLength(2);
});

test('a world is told of each question in its own names', async () => {
  const { solver, asked } = counting(() => ({ kind: 'sat', model: undefined }));
  for (const table of ['notes', 'tasks']) await solver.check(about(table, { witness: true }));
  expect(asked).toHaveLength(2);
});
