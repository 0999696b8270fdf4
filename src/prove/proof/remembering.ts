import { createHash } from 'node:crypto';
import type { Solver, SolverAnswer, SolverGoal } from '../../core/ports.ts';

/** A question that was asked: what it is but for the names in it, and these. */
interface Asked {
  readonly shape: string;
  readonly symbols: string;
  /** Of the assertions. */
  readonly names: readonly string[];
}

/**
 * A solver that is asked each question once. Cells of several roles and commands come to the same one, and tables of one
 * shape to one that differs in names alone: what cannot hold under some names cannot hold under any others.
 */
export function remembering(solver: Solver): Solver {
  const byShape = new Map<string, Omit<Asked, 'shape'> & { readonly answer: Promise<SolverAnswer> }>();
  const byNames = new Map<string, Promise<SolverAnswer>>();
  const askAnew = (goal: SolverGoal, { shape, symbols }: Asked): Promise<SolverAnswer> => {
    const key = `${shape} ${symbols}`;
    const answer = byNames.get(key) ?? solver.check(goal);
    byNames.set(key, answer);
    return answer;
  };
  return {
    check: async goal => {
      const asked = readGoal(goal);
      // A world is told in the names of the question.
      if (goal.witness === true) return askAnew(goal, asked);
      const before = byShape.get(asked.shape);
      if (before === undefined) {
        const answer = solver.check(goal);
        byShape.set(asked.shape, { ...asked, answer });
        return answer;
      }
      const answer = await before.answer;
      if (before.symbols === asked.symbols) return answer;
      return renamed(answer, before.names, asked.names) ?? askAnew(goal, asked);
    },
    ...(solver.warm === undefined ? {} : { warm: solver.warm }),
    close: () => solver.close(),
  };
}

/** The questions of a large schema are hundreds of megabytes of text: of them only hashes are kept. */
function readGoal({ declarations, assertions, witness }: SolverGoal): Asked {
  const numbers = new Map<string, string>();
  const inNumbers = (text: string): string =>
    text.replaceAll(/\|[^|]*\|/g, symbol => {
      const number = numbers.get(symbol) ?? `|${numbers.size}|`;
      numbers.set(symbol, number);
      return number;
    });
  const names = assertions.map(({ name = '' }) => plainly(name));
  const shape = createHash('sha256').update(`${witness === true} ${inNumbers(declarations)}`);
  for (const [index, { name, formula }] of assertions.entries())
    shape.update(`\n${name === undefined ? '' : inNumbers(`|${names[index]}|`)} ${inNumbers(formula)}`);
  const symbols = createHash('sha256').update([...numbers.keys()].join());
  return { shape: shape.digest('base64'), symbols: symbols.digest('base64'), names };
}

/** As a solver tells it. */
function plainly(name: string): string {
  return name.replaceAll('|', '');
}

/** The answer in other names; undefined where the solver gave up, which names may decide. */
function renamed(answer: SolverAnswer, from: readonly string[], to: readonly string[]): SolverAnswer | undefined {
  if (answer.kind === 'unknown') return undefined;
  if (answer.kind === 'sat') return answer;
  const places = answer.needed.map(name => from.indexOf(name));
  return places.includes(-1) ? undefined : { kind: 'unsat', needed: places.map(place => to[place] ?? '') };
}
