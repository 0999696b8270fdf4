import type { Solver, SolverAnswer, SolverGoal } from '../../core/ports.ts';

/** What is used of `z3-solver`: https://github.com/Z3Prover/z3/tree/master/src/api/js */
interface Z3Api<Config, Context> {
  readonly Z3: {
    mk_config(): Config;
    mk_context(config: Config): Context;
    eval_smtlib2_string(context: Context, text: string): Promise<string>;
  };
  readonly em: unknown;
}

/** Loads z3; undefined where the optional package is not installed. */
export async function loadSolver(): Promise<Solver | undefined> {
  const loaded = await import('z3-solver').catch((thrown: unknown) => {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  });
  if (loaded === undefined) return undefined;
  return solverOver(await loaded.init());
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof Error && 'code' in thrown && thrown.code === 'ERR_MODULE_NOT_FOUND';
}

function solverOver<Config, Context>({ Z3, em }: Z3Api<Config, Context>): Solver {
  const context = Z3.mk_context(Z3.mk_config());
  const ask = (text: string): Promise<string> => Z3.eval_smtlib2_string(context, text);
  let last: Promise<unknown> = Promise.resolve();
  return {
    // One question at a time: all of them share the context.
    check: goal => {
      const answer = last.then(() => check(ask, goal));
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

async function check(ask: (text: string) => Promise<string>, goal: SolverGoal): Promise<SolverAnswer> {
  const assertions = goal.assertions.map(({ name, formula }) =>
    name === undefined ? `(assert ${formula})` : `(assert (! ${formula} :named |${name}|))`,
  );
  const answer = await ask(
    [
      '(reset)',
      '(set-option :produce-unsat-cores true)',
      `(set-option :timeout ${goal.timeoutMs})`,
      goal.declarations,
      ...assertions,
      '(check-sat)',
    ].join('\n'),
  );
  if (answer.includes('(error')) return { kind: 'unknown', reason: answer.trim().slice(0, 300) };
  switch (answer.trim()) {
    case 'unsat':
      return { kind: 'unsat', needed: namesIn(await ask('(get-unsat-core)')) };
    case 'sat':
      return { kind: 'sat', model: await ask('(get-model)') };
    default:
      return { kind: 'unknown', reason: (await ask('(get-info :reason-unknown)')).trim() };
  }
}

function namesIn(core: string): readonly string[] {
  return [...core.matchAll(/\|([^|]*)\||([^\s()|]+)/g)].map(match => match[1] ?? match[2] ?? '');
}

function terminate(em: unknown): void {
  if (typeof em !== 'object' || em === null || !('PThread' in em)) return;
  const threads: unknown = em.PThread;
  if (typeof threads !== 'object' || threads === null || !('terminateAllThreads' in threads)) return;
  const end: unknown = threads.terminateAllThreads;
  if (typeof end === 'function') end.call(threads);
}
