import type { Handler, Machine } from '../machine.ts';
import type { EntryRun } from '../paths.ts';

/**
 * When something runs. Layouts come before the pages below them, for what they check; what stands inside others comes after
 * them, in case they make it; servers come later, and then what nothing else ran.
 */
export const turns = ['layout', 'file', 'inline', 'server', 'rest', 'last'] as const;

/** Something that answers requests, or takes work, and can be run. It tells the machine which entry points it has. */
export interface Runnable {
  readonly turn: (typeof turns)[number];
  run(): Iterable<EntryRun>;
}

/** One way in which code says what it answers to: a framework, a runner of jobs, a protocol. */
export interface EntryAdapter {
  /** What calls of its libraries mean, by package and path. */
  readonly handlers?: Readonly<Record<string, Handler>>;
  /** Looks through the sources for what can be run, before anything is. */
  find?(machine: Machine): readonly Runnable[];
}
