import type { Solver, SolverAnswer, SolverGoal } from '../../core/ports.ts';
import { readModel } from './solver-model.ts';

/** z3's own measure of work: unlike time it ends a goal at the same point on every machine. */
const mostSteps = 4_000_000;

/** Texts are passed on the stack of the module. */
const longestText = 1_000_000;

/** Loads z3; undefined where the optional package is not installed. */
export async function loadSolver(): Promise<Solver | undefined> {
  const loaded = await import('z3-solver').catch((thrown: unknown) => {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  });
  if (loaded === undefined) return undefined;
  const { Z3, em } = await loaded.init();
  return solverOver(Z3, em);
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_MODULE_NOT_FOUND';
}

/** The functions of z3's C interface. https://z3prover.github.io/api/html/group__capi.html */
export type LowLevel = Awaited<ReturnType<(typeof import('z3-solver'))['init']>>['Z3'];

function solverOver(z3: LowLevel, em: unknown): Solver {
  const context = z3.mk_context(z3.mk_config());
  let last: Promise<unknown> = Promise.resolve();
  return {
    // One question at a time: all of them share the context.
    check: goal => {
      const answer = last.then(() => check(z3, context, goal));
      last = answer.catch(() => undefined);
      return answer;
    },
    // Its threads would keep the process alive.
    close: async () => {
      await last;
      terminate(em);
    },
  };
}

async function check(
  z3: LowLevel,
  context: ReturnType<LowLevel['mk_context']>,
  goal: SolverGoal,
): Promise<SolverAnswer> {
  // What nothing refers to is gone with the next call.
  const solver = z3.mk_simple_solver(context);
  z3.solver_inc_ref(context, solver);
  const parameters = z3.mk_params(context);
  z3.params_inc_ref(context, parameters);
  try {
    z3.params_set_uint(context, parameters, z3.mk_string_symbol(context, 'timeout'), goal.timeoutMs);
    z3.params_set_uint(context, parameters, z3.mk_string_symbol(context, 'rlimit'), mostSteps);
    z3.solver_set_params(context, solver, parameters);
    const problem = assertAll(z3, context, solver, goal);
    if (problem !== undefined) return { kind: 'unknown', reason: problem };
    return answerOf(z3, context, solver, await z3.solver_check(context, solver), goal.witness === true);
  } finally {
    z3.params_dec_ref(context, parameters);
    z3.solver_dec_ref(context, solver);
  }
}

/** Asserts the formulas, those with a name so that the solver tells when it needed them; the fault in the text otherwise. */
function assertAll(
  z3: LowLevel,
  context: ReturnType<LowLevel['mk_context']>,
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

function track(
  z3: LowLevel,
  context: ReturnType<LowLevel['mk_context']>,
  name: string,
): ReturnType<LowLevel['mk_const']> {
  return z3.mk_const(context, z3.mk_string_symbol(context, name), z3.mk_bool_sort(context));
}

/** https://z3prover.github.io/api/html/group__capi.html: -1 unsatisfiable, 1 satisfiable. */
function answerOf(
  z3: LowLevel,
  context: ReturnType<LowLevel['mk_context']>,
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

function terminate(em: unknown): void {
  if (typeof em !== 'object' || em === null || !('PThread' in em)) return;
  const threads: unknown = em.PThread;
  if (typeof threads !== 'object' || threads === null || !('terminateAllThreads' in threads)) return;
  const end: unknown = threads.terminateAllThreads;
  if (typeof end === 'function') end.call(threads);
}
