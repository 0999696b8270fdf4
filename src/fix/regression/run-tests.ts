import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { DrydockError } from '../../core/error.ts';
import { testFolder } from './write-tests.ts';

/** An app that runs, with the database it runs on. */
export interface RunningTarget {
  /** The folder that it was built from; the tests lie in it. */
  readonly root: string;
  readonly baseUrl: string;
  readonly databaseUrl: string;
  /** What the app runs with: secrets that a test has to know. */
  readonly environment: Readonly<Record<string, string>>;
}

/** How each test of a suite ended, by `describe › test` as one text with a space between. */
export type TestOutcomes = ReadonlyMap<string, { readonly passed: boolean; readonly message: string }>;

const limitMs = 240_000;

/** Runs the written tests against a running app with the repository's own Vitest, or with Drydock's. */
export async function runTests(target: RunningTarget): Promise<TestOutcomes> {
  const runner = findVitest(target.root);
  if (runner === undefined) {
    throw new DrydockError('target-not-found', 'Vitest is not installed, so the regression tests could not be tried.', {
      next: 'npm install --save-dev vitest',
    });
  }
  const report = join(target.root, '.drydock', 'isolation-tests.json');
  mkdirSync(dirname(report), { recursive: true });
  rmSync(report, { force: true });
  const { HOME, PATH } = process.env;
  const run = await execa(
    process.execPath,
    [
      runner,
      'run',
      '--config',
      `${testFolder}/vitest.config.ts`,
      '--root',
      target.root,
      '--reporter',
      'json',
      '--outputFile',
      report,
    ],
    {
      cwd: target.root,
      reject: false,
      timeout: limitMs,
      extendEnv: false,
      env: {
        HOME: HOME ?? '',
        PATH: PATH ?? '',
        ...target.environment,
        DRYDOCK_BASE_URL: target.baseUrl,
        DRYDOCK_APP_ROOT: target.root,
        DATABASE_URL: target.databaseUrl,
        CI: '1',
      },
    },
  );
  if (!existsSync(report)) {
    throw new DrydockError(
      'target-not-found',
      `The regression tests did not run: ${(run.stderr || run.stdout).slice(-400)}`,
    );
  }
  return readReport(JSON.parse(readFileSync(report, 'utf8')));
}

function readReport(report: unknown): TestOutcomes {
  const outcomes = new Map<string, { readonly passed: boolean; readonly message: string }>();
  for (const file of listAt(report, 'testResults')) {
    for (const test of listAt(file, 'assertionResults')) {
      const name = [...listAt(test, 'ancestorTitles'), fieldAt(test, 'title')]
        .filter((each): each is string => typeof each === 'string')
        .join(' ');
      const messages = listAt(test, 'failureMessages').filter((each): each is string => typeof each === 'string');
      outcomes.set(name, { passed: fieldAt(test, 'status') === 'passed', message: messages.join('\n') });
    }
  }
  return outcomes;
}

function fieldAt(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function listAt(value: unknown, name: string): readonly unknown[] {
  const found = fieldAt(value, name);
  return Array.isArray(found) ? found : [];
}

function findVitest(root: string): string | undefined {
  for (let folder = root; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', 'vitest', 'vitest.mjs');
    if (existsSync(candidate)) return candidate;
    if (dirname(folder) === folder) break;
  }
  try {
    return join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
  } catch {
    return undefined;
  }
}
