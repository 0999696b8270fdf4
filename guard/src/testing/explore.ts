/** One thing that may happen next. */
export interface Step {
  readonly name: string;
  run(): void;
}

/** A run of the real code whose order somebody else decides. */
export interface Run {
  /** What may happen next; nothing once all is done, or hangs. In the same order whenever the same happened before. */
  steps(): readonly Step[];
  /** Called when nothing may happen any more: what went wrong. */
  problem(): Promise<string | undefined>;
}

/** What an exploration saw. */
export interface Explored {
  readonly schedules: number;
  /** Whether every order was tried, or the limit came first. */
  readonly complete: boolean;
  /** The first orders in which something went wrong, step by step. */
  readonly problems: readonly string[];
}

/**
 * Tries every order: it runs the code again from the start for each, repeats the choices of the last run up to the last one
 * that had another answer left, and takes that.
 */
export async function explore(start: () => Promise<Run>, limit: number, problemsKept = 3): Promise<Explored> {
  const problems: string[] = [];
  let prefix: readonly number[] | undefined = [];
  let schedules = 0;
  while (prefix !== undefined && schedules < limit && problems.length < problemsKept) {
    const { choices, widths, names, problem } = await follow(await start(), prefix);
    schedules += 1;
    if (problem !== undefined) problems.push(`${problem}, after: ${names.join(', ')}`);
    prefix = next(choices, widths);
  }
  return { schedules, complete: prefix === undefined, problems };
}

interface Followed {
  readonly choices: readonly number[];
  readonly widths: readonly number[];
  readonly names: readonly string[];
  readonly problem: string | undefined;
}

async function follow(run: Run, prefix: readonly number[]): Promise<Followed> {
  const choices: number[] = [];
  const widths: number[] = [];
  const names: string[] = [];
  for (;;) {
    await settled();
    const steps = run.steps();
    const choice = prefix[choices.length] ?? 0;
    const step = steps[choice];
    if (step === undefined) break;
    choices.push(choice);
    widths.push(steps.length);
    names.push(step.name);
    step.run();
  }
  return { choices, widths, names, problem: await run.problem() };
}

function next(choices: readonly number[], widths: readonly number[]): readonly number[] | undefined {
  for (let at = choices.length - 1; at >= 0; at -= 1) {
    const choice = choices[at] ?? 0;
    if (choice + 1 < (widths[at] ?? 0)) return [...choices.slice(0, at), choice + 1];
  }
  return undefined;
}

const immediately = setImmediate;

/** Resolves when everything that follows from the last step has happened: ticks, promises, and one round of immediates. */
export function settled(): Promise<void> {
  return new Promise(resolve => immediately(() => immediately(resolve)));
}
