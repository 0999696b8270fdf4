import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { analyse } from '../../src/commands/analyse.ts';
import type { Analysis } from '../../src/commands/analyse.ts';
import { createContext } from '../../src/commands/context.ts';
import { toRulesResult, toTraceResult } from '../../src/commands/results.ts';
import { silentProgress } from '../../src/core/ports.ts';
import { compareRules, compareTrace, readTruth } from './compare.ts';

const examples = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'examples');
const context = createContext(silentProgress);

afterAll(() => context.lifetime.close());

describe.each(['harbor', 'skiff'])('%s, held against its ground truth', name => {
  const truth = readTruth(name);
  let analysis: Analysis;

  beforeAll(async () => {
    analysis = await analyse({ root: join(examples, name), halves: 'both' }, context);
  });

  test('every entry point is found, and no other', () => {
    expect(compareTrace(truth, toTraceResult(analysis)).entryPoints).toEqual([]);
  });

  test('every path has a definite verdict', () => {
    expect(compareTrace(truth, toTraceResult(analysis)).unknown).toEqual([]);
  });

  test('every seeded leak on a path is found', () => {
    expect(compareTrace(truth, toTraceResult(analysis)).missed).toEqual([]);
  });

  test('no safe twin is flagged on a path', () => {
    expect(compareTrace(truth, toTraceResult(analysis)).false).toEqual([]);
  });

  test('every leaking cell of the database is found', () => {
    expect(compareRules(truth, toRulesResult(analysis)).missed).toEqual([]);
  });

  test('no safe cell of the database is flagged', () => {
    expect(compareRules(truth, toRulesResult(analysis)).false).toEqual([]);
  });

  test('every cell of the database has a definite verdict', () => {
    expect(compareRules(truth, toRulesResult(analysis)).unknown).toEqual([]);
  });

  test('every migration replays', () => {
    expect(toRulesResult(analysis).replay.failed).toEqual([]);
  });
});
