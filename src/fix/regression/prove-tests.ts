import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Attack } from '../../core/result.ts';
import { runTests } from './run-tests.ts';
import type { RunningTarget, TestOutcomes } from './run-tests.ts';
import { planTests, testFolder, writeTests } from './write-tests.ts';
import type { TestPair } from './write-tests.ts';
import type { World } from './world.ts';

/** What tests are proved with: the app as it was and the repaired one, each with a way to run it. */
export interface ProveOptions {
  readonly attacks: readonly Attack[];
  readonly world: World;
  readonly leaking: TestTarget;
  readonly repaired: TestTarget;
}

/** An app that can be started for the tests; `run` starts it, gives it to the work, and stops it. */
export interface TestTarget {
  readonly root: string;
  readonly run: <T>(work: (target: RunningTarget) => Promise<T>) => Promise<T>;
}

/** What was written, and what was not, with the reason. */
export interface ProvedTests {
  readonly written: number;
  /** Of the written ones: how many fail on the app as it was. */
  readonly failingBefore: number;
  readonly passingAfter: number;
  /** Relative to the repaired copy. */
  readonly files: readonly string[];
  readonly left: readonly { readonly entryPoint: string; readonly description: string; readonly reason: string }[];
}

/**
 * Writes a test for each confirmed attack, runs all of them on the app as it was and on the repaired one, and keeps
 * those that tell the two apart: a test that passes on both proves nothing. Its positive twin has to pass on both.
 */
export async function proveTests(options: ProveOptions): Promise<ProvedTests> {
  const { pairs, untested } = planTests(options.attacks);
  const draft = writeTests(pairs, options.world, () => ({ negative: true, positive: true }));
  for (const { root } of [options.leaking, options.repaired]) writeFiles(root, draft);
  const before = await options.leaking.run(runTests);
  const after = await options.repaired.run(runTests);
  rmSync(join(options.leaking.root, testFolder), { recursive: true, force: true });
  rmSync(join(options.repaired.root, testFolder), { recursive: true, force: true });
  const tells = (pair: TestPair) =>
    before.get(pair.negative)?.passed === false &&
    isCrossing(before, pair) &&
    after.get(pair.negative)?.passed === true;
  const twinHolds = (pair: TestPair) =>
    pair.positive !== undefined &&
    before.get(pair.positive)?.passed === true &&
    after.get(pair.positive)?.passed === true;
  const kept = pairs.filter(tells);
  const files =
    kept.length === 0 ? [] : writeTests(kept, options.world, pair => ({ negative: true, positive: twinHolds(pair) }));
  writeFiles(options.repaired.root, files);
  return {
    written: kept.length,
    failingBefore: kept.length,
    passingAfter: kept.length,
    files: files.map(file => file.file),
    left: [
      ...untested.map(({ attack, reason }) => ({
        entryPoint: attack.entryPoint,
        description: attack.description,
        reason,
      })),
      ...pairs
        .filter(pair => !kept.includes(pair))
        .map(pair => ({
          entryPoint: pair.attack.entryPoint,
          description: pair.attack.description,
          reason: whyLeft(pair, before, after),
        })),
    ],
  };
}

// A test that fails because the lab could not send its request says nothing of the app.
function isCrossing(outcomes: TestOutcomes, pair: TestPair): boolean {
  return (
    / → \d{3}/.test(outcomes.get(pair.negative)?.message ?? '') ||
    /The script .* holds the value/.test(outcomes.get(pair.negative)?.message ?? '')
  );
}

function whyLeft(pair: TestPair, before: TestOutcomes, after: TestOutcomes): string {
  const [first, second] = [before.get(pair.negative), after.get(pair.negative)];
  if (first === undefined || second === undefined) return 'The test did not run.';
  if (first.passed) return 'The test passes on the app as it was: it does not show the leak.';
  if (!second.passed) return `The test fails on the repaired app: ${second.message.split('\n')[0] ?? ''}`;
  return `The test could not send its request: ${first.message.split('\n')[0] ?? ''}`;
}

function writeFiles(root: string, files: readonly { readonly file: string; readonly text: string }[]): void {
  for (const { file, text } of files) {
    const path = join(root, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
