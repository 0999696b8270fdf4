import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sampleTrace } from '../report/sample.ts';
import { applyBaseline } from './baseline.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drydock-baseline-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const file = (): string => join(folder, 'drydock-baseline.json');
const trace = sampleTrace();
const [first, ...rest] = trace.findings;

test('the first run writes what is found, and finds nothing', () => {
  const result = applyBaseline(trace, file(), false);
  expect(result.findings).toEqual([]);
  expect(result.known).toEqual({ count: trace.findings.length, where: 'in the baseline' });
  expect(existsSync(file())).toBe(true);
});

test('what is new is found, and never added', () => {
  applyBaseline({ ...trace, findings: rest }, file(), false);
  const before = readFileSync(file(), 'utf8');
  for (const update of [false, true]) {
    expect(applyBaseline(trace, file(), update).findings).toEqual([first]);
    expect(readFileSync(file(), 'utf8')).toBe(before);
  }
});

test('what is no longer found has to be taken out', () => {
  applyBaseline(trace, file(), false);
  const stale = applyBaseline({ ...trace, findings: rest }, file(), false);
  expect(stale.problems?.map(problem => problem.kind)).toEqual(['stale-baseline']);
  const updated = applyBaseline({ ...trace, findings: rest }, file(), true);
  expect(updated.problems).toEqual([]);
  expect(applyBaseline(trace, file(), false).findings).toEqual([first]);
});

test('a file that is no baseline stops the run', () => {
  writeFileSync(file(), '{ "findings": [] }');
  expect(() => applyBaseline(trace, file(), false)).toThrow(/cannot be read: it is of another version/);
});
