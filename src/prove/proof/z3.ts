import type { SolverAnswer, SolverGoal } from '../../core/ports.ts';
import { readModel } from './solver-model.ts';

/** z3's own measure of work: unlike time it ends a goal at the same point on every machine. */
const mostSteps = 4_000_000;

/** Texts are passed on the stack of the module. */
const longestText = 1_000_000;

/** Answers one goal after the other. */
export type Check = (goal: SolverGoal) => SolverAnswer;

/**
 * Loads z3 into this thread, which every check then blocks. Each goal is solved in a memory of its own: what it needed must
 * not depend on the goals before.
 */
export async function loadZ3(): Promise<Check> {
  const { Z3: z3, em } = await (await import('z3-solver')).init();
  const solve = solveIn(em);
  return goal => {
    const config = z3.mk_config();
    const context = z3.mk_context(config);
    z3.del_config(config);
    try {
      return check({ z3, solve }, context, goal);
    } finally {
      z3.del_context(context);
    }
  };
}

/** What z3 is loaded as. */
interface Loaded {
  readonly z3: LowLevel;
  readonly solve: Solve;
}

type Solve = (context: Context, solver: ReturnType<LowLevel['mk_simple_solver']>) => number;

/** The package starts another thread for each check; in a thread of our own the function under that does it at once. */
function solveIn(em: unknown): Solve {
  const direct: unknown =
    typeof em === 'object' && em !== null && '_Z3_solver_check' in em ? em._Z3_solver_check : undefined;
  if (typeof direct !== 'function')
    throw new Error("z3-solver has no '_Z3_solver_check': another version than the tested one.");
  return (context, solver) => Number(direct(context, solver));
}

/** The functions of z3's C interface. https://z3prover.github.io/api/html/group__capi.html */
export type LowLevel = Awaited<ReturnType<(typeof import('z3-solver'))['init']>>['Z3'];

type Context = ReturnType<LowLevel['mk_context']>;

function check({ z3, solve }: Loaded, context: Context, goal: SolverGoal): SolverAnswer {
  // What nothing refers to is gone with the next call.
  const solver = z3.mk_simple_solver(context);
  z3.solver_inc_ref(context, solver);
  const parameters = z3.mk_params(context);
  z3.params_inc_ref(context, parameters);
  try {
    z3.params_set_uint(context, parameters, z3.mk_string_symbol(context, 'rlimit'), mostSteps);
    z3.solver_set_params(context, solver, parameters);
    const problem = assertAll(z3, context, solver, goal);
    if (problem !== undefined) return { kind: 'unknown', reason: problem };
    return answerOf(z3, context, solver, solve(context, solver), goal.witness === true);
  } finally {
    z3.params_dec_ref(context, parameters);
    z3.solver_dec_ref(context, solver);
  }
}

/** Asserts the formulas, those with a name so that the solver tells when it needed them; the fault in the text otherwise. */
function assertAll(
  z3: LowLevel,
  context: Context,
  solver: ReturnType<LowLevel['mk_simple_solver']>,
  { declarations, assertions }: SolverGoal,
): string | undefined {
  // Read in this thread: what calls another thread with a text may find another text there.
  const text = [declarations, ...assertions.map(({ formula }) => `(assert ${formula})`)].join('\n');
  if (text.length > longestText) return 'the formulas are too long';
  const parsed = z3.parse_smtlib2_string(context, text, [], [], [], []);
  const code = z3.get_error_code(context);
  if (code !== 0) return z3.get_error_msg(context, code);
  z3.ast_vector_inc_ref(context, parsed);
  const complete = z3.ast_vector_size(context, parsed) === assertions.length;
  for (const [index, { name }] of assertions.entries()) {
    if (!complete) break;
    const formula = z3.ast_vector_get(context, parsed, index);
    if (name === undefined) z3.solver_assert(context, solver, formula);
    else z3.solver_assert_and_track(context, solver, formula, track(z3, context, name));
  }
  z3.ast_vector_dec_ref(context, parsed);
  return complete ? undefined : 'an assertion was not read';
}

function track(z3: LowLevel, context: Context, name: string): ReturnType<LowLevel['mk_const']> {
  return z3.mk_const(context, z3.mk_string_symbol(context, name), z3.mk_bool_sort(context));
}

/** https://z3prover.github.io/api/html/group__capi.html: -1 unsatisfiable, 1 satisfiable. */
function answerOf(
  z3: LowLevel,
  context: Context,
  solver: ReturnType<LowLevel['mk_simple_solver']>,
  result: number,
  witness: boolean,
): SolverAnswer {
  if (result === 1) return { kind: 'sat', model: witness ? readModel(z3, context, solver) : undefined };
  if (result !== -1) return { kind: 'unknown', reason: z3.solver_get_reason_unknown(context, solver) };
  const core = z3.solver_get_unsat_core(context, solver);
  z3.ast_vector_inc_ref(context, core);
  const needed = Array.from({ length: z3.ast_vector_size(context, core) }, (_, index) =>
    z3.ast_to_string(context, z3.ast_vector_get(context, core, index)).replaceAll('|', ''),
  );
  z3.ast_vector_dec_ref(context, core);
  return { kind: 'unsat', needed };
}
