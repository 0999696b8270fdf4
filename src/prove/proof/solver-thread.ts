import { parentPort } from 'node:worker_threads';
import type { SolverGoal } from '../../core/ports.ts';
import { loadZ3 } from './z3.ts';

const declarations = `(declare-sort Value 0)
(declare-sort Row 0)
(declare-fun live (Row) Bool)
(declare-fun tenant (Row) Value)
(declare-fun person (Row) Value)
(declare-fun kind (Row) Value)
(declare-fun row () Row)
(declare-fun member () Row)
(declare-fun victim () Value)
(declare-fun user () Value)
(declare-fun nothing () Value)
(declare-fun yes () Value)
(declare-fun no () Value)`;

const visible =
  '(or (exists ((m Row)) (and (live m) (= (tenant m) (tenant row)) (= (person m) user) (or (= (kind m) yes) (= (kind m) no)))) (and (forall ((m Row)) (or (not (live m)) (not (= (tenant m) (tenant row))) (not (= (person m) user)))) (= yes no)))';

const common = [
  { formula: '(live row)' },
  { formula: visible },
  { formula: '(= (tenant row) victim)' },
  { name: 'member', formula: '(and (live member) (= (tenant member) victim) (not (= (person member) user)))' },
  { formula: '(distinct yes no nothing)' },
  {
    formula:
      '(forall ((a Row) (b Row)) (or (not (and (live a) (live b) (= (tenant a) (tenant b)) (= (person a) (person b)))) (= a b)))',
  },
];

const outsider = {
  name: 'outsider',
  formula: '(forall ((m Row)) (not (and (live m) (= (tenant m) victim) (or (= (tenant m) user) (= (person m) user)))))',
};

/** Questions like those of a run, one of which has a model. Whatever is called for the first time is compiled then. */
const rehearsal: readonly SolverGoal[] = [[...common, outsider], common].map(assertions => ({
  declarations,
  assertions,
  timeoutMs: 0,
}));

/** The thread in which z3 runs: a goal comes in, its answer goes out. */
const checking = loadZ3().then(check => {
  for (const goal of [...rehearsal, ...rehearsal]) check(goal);
  return check;
});

parentPort?.on('message', (goal: SolverGoal) => {
  void checking.then(check => parentPort?.postMessage(check(goal)));
});
