/** The outside world, as the stages see it. Made in `commands/`, passed in; tests pass their own. */

/** Rows and count of one statement. */
export interface SqlResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly rowCount: number;
}

/** One connection to a Postgres database; statements run in order on the same session. */
export interface Sql {
  query(text: string, values?: readonly unknown[]): Promise<SqlResult>;
}

/** A database of a replica: a connection and where others can connect. */
export interface ReplicaDatabase {
  readonly name: string;
  /** `postgres://…@127.0.0.1:port/name`, loopback only. */
  readonly url: string;
  readonly sql: Sql;
  /**
   * Another database with the same in it, whose statements run beside those of this one. What a session keeps for itself, such
   * as temporary tables, is gone after it. Absent where databases take turns.
   */
  readonly copy?: () => Promise<ReplicaDatabase>;
  /** Closes the connection and drops the database. */
  drop(): Promise<void>;
}

/** A real Postgres on loopback that Drydock started and will stop. */
export interface Replica {
  readonly version: string;
  createDatabase(options?: { readonly template?: string }): Promise<ReplicaDatabase>;
  /** Stops the server and removes its data directory. Safe to call twice. */
  stop(): Promise<void>;
}

/** What is asked of a solver: whether all assertions can hold at once. SMT-LIB 2 text. */
export interface SolverGoal {
  readonly declarations: string;
  /** Those with a name are told of when they were needed. */
  readonly assertions: readonly { readonly name?: string; readonly formula: string }[];
  readonly timeoutMs: number;
  /** Whether it is to tell how, when they can hold together. */
  readonly witness?: boolean;
}

/** A world in which the assertions hold. */
export interface SolverModel {
  /** The things of each sort, by its name without bars. */
  readonly sorts: ReadonlyMap<string, readonly string[]>;
  /** What functions answer, by name and arguments, with a space between. */
  readonly answers: ReadonlyMap<string, string>;
}

/** What a solver answers. */
export type SolverAnswer =
  /** They cannot; these of the named ones suffice for that. */
  | { readonly kind: 'unsat'; readonly needed: readonly string[] }
  /** They can; the model says how, where it was asked for. */
  | { readonly kind: 'sat'; readonly model: SolverModel | undefined }
  | { readonly kind: 'unknown'; readonly reason: string };

/** A solver for formulas (z3). Optional: without one nothing is proved, and all else works. */
export interface Solver {
  check(goal: SolverGoal): Promise<SolverAnswer>;
  /** Loads what the first question needs, beside what is done until then. */
  readonly warm?: () => void;
  /** Ends its threads. Safe to call twice. */
  close(): Promise<void>;
}

/** Long work as the user sees it: one line per stage, on stderr. */
export interface Progress {
  start(stage: string): ProgressStage;
}

/** One stage of long work. */
export interface ProgressStage {
  /** What it is doing and how much is left. */
  update(text: string): void;
  /** The line that stays. */
  done(text: string): void;
  fail(text: string): void;
}

/** A progress that shows nothing, for tests and `--json` without a terminal. */
export const silentProgress: Progress = {
  start: () => ({ update: () => {}, done: () => {}, fail: () => {} }),
};
