import { silentProgress } from '../core/ports.ts';
import type { Progress, Replica, Solver } from '../core/ports.ts';
import type { Engine } from '../prove/replica/engines.ts';
import { Lifetime } from './lifetime.ts';

/** What every command is given: progress, things to let go of, and one replica started when it is first needed. */
export interface CommandContext {
  readonly progress: Progress;
  readonly lifetime: Lifetime;
  readonly replica: () => Promise<Replica>;
  /** z3; undefined where the optional package is not installed. */
  readonly solver: () => Promise<Solver | undefined>;
  /** Starts the replica beside what is to be done before it is needed. What fails, fails again for who asks. */
  readonly prepare: () => void;
}

/** A context whose replica starts on first use and stops with the lifetime. */
export function createContext(progress: Progress, engine?: Engine): CommandContext {
  const lifetime = new Lifetime();
  let replica: Promise<Replica> | undefined;
  let solver: Promise<Solver | undefined> | undefined;
  const context: CommandContext = {
    progress,
    lifetime,
    prepare: () => {
      context.replica().catch(() => {});
    },
    replica: () => {
      replica ??= import('../prove/replica/choose.ts')
        .then(({ startReplicaOf }) => startReplicaOf(engine))
        .then(started => lifetime.hold('Postgres replica', started, running => running.stop()));
      return replica;
    },
    solver: () => {
      solver ??= import('../prove/proof/solver.ts')
        .then(({ loadSolver }) => loadSolver())
        .then(loaded => (loaded === undefined ? undefined : lifetime.hold('z3', loaded, running => running.close())));
      return solver;
    },
  };
  return context;
}

/** The same context without a word: for work that is a part of a stage of its own. */
export function silently(context: CommandContext): CommandContext {
  return { ...context, progress: silentProgress };
}
