import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import getPort from 'get-port';
import { DrydockError, messageOf } from '../../core/error.ts';
import { egressPreload } from './egress-preload.ts';
import { synthesiseEnvironment, type SynthesisedVariable } from './environment.ts';
import { startProcess, type ProcessTree } from './process-tree.ts';
import { startRecorder, type Recorder } from './recorder.ts';

/** A running app on loopback that cannot reach any other host. */
export interface RunningApp {
  /** `http://localhost:port`, without a slash at the end. */
  readonly baseUrl: string;
  readonly recorder: Recorder;
  readonly variables: readonly SynthesisedVariable[];
  /** Stops the app and the recorder; safe to call twice. */
  stop(): Promise<void>;
}

/** What building and booting need. */
export interface AppProcessOptions {
  readonly appRoot: string;
  /** Where logs and the preload script go. */
  readonly workFolder: string;
  readonly databaseUrl: string;
  /** The roles of the database that may sign in. */
  readonly roles?: readonly string[];
}

/** Runs `next build` in the folder; the first error line of its log goes into the error. */
export async function buildApp(options: AppProcessOptions): Promise<void> {
  const logFile = prepareLog(options, 'build.txt');
  // Before the recorder listens: a throw from here would leave it open and the process would never end.
  const next = nextBinary(options.appRoot);
  const recorder = await startRecorder();
  const run = startProcess({
    command: process.execPath,
    arguments: [next, 'build'],
    folder: options.appRoot,
    // The build has no database to talk to in the user's pipeline either.
    environment: processEnvironment(options, 'http://localhost:3000', recorder, {}),
    logFile,
  });
  try {
    const code = await run.ended;
    if (code !== 0) throw buildFailure(options.appRoot, logFile);
  } finally {
    await run.stop();
    await recorder.close();
  }
}

/** Runs `next start` on a free port and waits until it answers. */
export async function bootApp(options: AppProcessOptions): Promise<RunningApp> {
  const logFile = prepareLog(options, 'app.txt');
  // Answers kept by an earlier run would be served to this one.
  rmSync(join(options.appRoot, '.next', 'cache', 'fetch-cache'), { recursive: true, force: true });
  const next = nextBinary(options.appRoot);
  const port = await getPort();
  const baseUrl = `http://localhost:${port}`;
  const recorder = await startRecorder();
  const variables = synthesiseEnvironment({
    appRoot: options.appRoot,
    appUrl: baseUrl,
    databaseUrl: options.databaseUrl,
    roles: options.roles ?? [],
  });
  const run = startProcess({
    command: process.execPath,
    arguments: [next, 'start', '--port', String(port), '--hostname', '127.0.0.1'],
    folder: options.appRoot,
    environment: processEnvironment(options, baseUrl, recorder, { NODE_ENV: 'production' }),
    logFile,
  });
  const stop = async (): Promise<void> => {
    await run.stop();
    await recorder.close();
  };
  try {
    await waitUntilReady(port, run, logFile);
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return { baseUrl, recorder, variables, stop };
}

/** The path of Next's command line, from the app's own dependencies. */
function nextBinary(appRoot: string): string {
  try {
    return createRequire(join(appRoot, 'package.json')).resolve('next/dist/bin/next');
  } catch (thrown) {
    throw new DrydockError('build-failed', `Could not find Next.js in the dependencies of ${appRoot}.`, {
      next: 'Install the dependencies of the app (npm ci) and run this again.',
      cause: thrown,
    });
  }
}

function processEnvironment(
  options: AppProcessOptions,
  appUrl: string,
  recorder: Recorder,
  extra: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const variables = synthesiseEnvironment({ ...options, appUrl });
  const preload = join(options.workFolder, 'egress.cjs');
  writeFileSync(preload, egressPreload);
  return {
    // Only what a process needs to run: the user's own secrets stay out of a process that we attack.
    ...inherited(),
    ...Object.fromEntries(variables.map(variable => [variable.name, variable.value])),
    NEXT_TELEMETRY_DISABLED: '1',
    NO_COLOR: '1',
    NODE_OPTIONS: `--require ${JSON.stringify(preload)}`,
    DRYDOCK_RECORDER: recorder.url,
    ...(isCopy(options.appRoot) ? { DRYDOCK_HIDDEN_REPOSITORY: join(options.appRoot, '.git') } : {}),
    ...extra,
  };
}

/** True below a `.drydock` folder: not the user's own checkout. */
function isCopy(appRoot: string): boolean {
  return appRoot.split(/[\\/]/).includes('.drydock');
}

function inherited(): Readonly<Record<string, string>> {
  const names = [
    'PATH',
    'HOME',
    'USERPROFILE',
    'TMPDIR',
    'TEMP',
    'TMP',
    'SYSTEMROOT',
    'LANG',
    'APPDATA',
    'LOCALAPPDATA',
  ];
  return Object.fromEntries(
    names.flatMap(name => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}

function prepareLog(options: AppProcessOptions, name: string): string {
  const folder = join(options.workFolder, 'logs');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name);
  writeFileSync(file, '');
  return file;
}

async function waitUntilReady(port: number, run: ProcessTree, logFile: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  let ended = false;
  void run.ended.then(() => (ended = true));
  while (Date.now() < deadline) {
    if (ended) throw bootFailure(logFile);
    if (await answers(port)) return;
    await pause(60);
  }
  throw bootFailure(logFile);
}

async function answers(port: number): Promise<boolean> {
  try {
    // A path that no app has: we only want to know that somebody listens.
    const response = await fetch(`http://127.0.0.1:${port}/_next/static/drydock`, { redirect: 'manual' });
    await response.arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, milliseconds));
}

function buildFailure(appRoot: string, logFile: string): DrydockError {
  return new DrydockError('build-failed', `Could not build your app: ${buildSentence(appRoot, firstError(logFile))}`, {
    next: `Fix the build and run this again. Log: ${logFile}`,
  });
}

function bootFailure(logFile: string): DrydockError {
  return new DrydockError('boot-failed', `Could not start your app: ${firstError(logFile)}`, {
    next: `Log: ${logFile}`,
  });
}

/** `./apps/web/app/page.tsx:12:5: Error: no` becomes `the build stopped at app/page.tsx:12 (no).` */
export function buildSentence(appRoot: string, line: string): string {
  const match = /^(?:\.\/)?([\w./()[\]@-]+?\.\w+)[:(](\d+)[:,]?\d*\)?:?\s*(?:Type )?(?:[Ee]rror:?\s*)?(.*)$/.exec(line);
  const [, path, row, sentence] = match ?? [];
  if (path === undefined || row === undefined || sentence === undefined) return line;
  const parts = path.split('/');
  const start = parts.findIndex((_, index) => existsSync(join(appRoot, ...parts.slice(index))));
  return `the build stopped at ${parts.slice(Math.max(0, start)).join('/')}:${row}${sentence === '' ? '' : ` (${sentence.replace(/\.$/, '')})`}.`;
}

/** `./app/page.tsx:12:5` and the sentence beside it; otherwise the first line that names an error. */
function telling(lines: readonly string[]): string | undefined {
  const isPlace = (line: string): boolean => /^(?:\.\/)?[\w./()[\]@-]+\.(?:tsx?|jsx?|mjs|css)[:(]\d+/.test(line);
  const isError = (line: string): boolean =>
    /error|cannot find|can't resolve|failed|expected|not assignable/i.test(line) &&
    !/^at |^Turbopack build failed|^Failed to (?:compile|type check)|build failed/i.test(line);
  const at = lines.findIndex(isPlace);
  if (at < 0) return lines.find(isError);
  const place = lines[at] ?? '';
  if (isError(place)) return place;
  const sentence = lines.slice(at + 1, at + 6).find(isError) ?? lines.slice(at + 1).find(line => line !== '');
  return sentence === undefined ? place : `${place}: ${sentence}`;
}

function firstError(logFile: string): string {
  try {
    const lines = (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '').split('\n').map(line => line.trim());
    return telling(lines) ?? lines.findLast(line => line !== '') ?? 'it stopped without a word';
  } catch (thrown) {
    return messageOf(thrown);
  }
}
