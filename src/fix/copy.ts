import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync, renameSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { execa } from 'execa';
import { DrydockError, messageOf } from '../core/error.ts';
import { compareText } from '../core/place.ts';
import type { SourceTexts } from './source/source-set.ts';

/** A copy of an app on which repairs are tried. The app itself is never written. */
export interface AppCopy {
  /** Absolute path of the copy. */
  readonly root: string;
  /** The branch that holds one commit per repair; absent where there is no git. */
  readonly branch: string | undefined;
}

/** Packages are found by walking up; lock files would make the copy a workspace root of its own. */
const leftOut = new Set(['node_modules', '.next', '.git', '.drydock', '.turbo', '.vercel', '.swc', 'coverage']);
const lockFiles = new Set(['package-lock.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'bun.lockb']);
const secretFile = /^\.env(?!.*\.(?:example|sample|template)$)/;
const neverCommitted = ['node_modules/', '.next/', '.drydock/', 'next-env.d.ts', '*.tsbuildinfo', '.env', '.env.local'];
const drydockEmail = 'drydock@localhost';
const gitSettings = [
  '-c',
  'user.name=Drydock',
  '-c',
  `user.email=${drydockEmail}`,
  '-c',
  'commit.gpgsign=false',
  '-c',
  'core.autocrlf=false',
];

/** Copies an app into a folder that it replaces; with `branch`, as a git repository of its own, the original as its first commit. */
export async function copyApp(
  source: string,
  target: string,
  options: { readonly branch?: string } = {},
): Promise<AppCopy> {
  try {
    await keepEdits(target);
    rmSync(target, { recursive: true, force: true });
    mkdirSync(target, { recursive: true });
    copyFolder(source, target);
  } catch (thrown) {
    throw new DrydockError('target-not-found', `Could not copy the app into ${target}: ${messageOf(thrown)}.`, {
      next: 'Look for free space and write permission there.',
      cause: thrown,
    });
  }
  keepExtends(source, target);
  if (options.branch === undefined || !(await startRepository(target, options.branch)))
    return { root: target, branch: undefined };
  return { root: target, branch: options.branch };
}

/** Commits everything that changed in the copy; gives the commit's short name, or nothing where there is no git or no change. */
export async function commitAll(copy: AppCopy, message: string): Promise<string | undefined> {
  return copy.branch === undefined ? undefined : commitFolder(copy.root, message);
}

/** Writes texts into the copy; `undefined` removes the file. */
export function writeTexts(copy: AppCopy, texts: ReadonlyMap<string, string | undefined>): void {
  for (const [file, text] of texts) writeText(join(copy.root, file), text);
}

/** The text of a file of the copy; absent when there is none. */
export function readText(copy: AppCopy, file: string): string | undefined {
  return readFileText(join(copy.root, file));
}

/** The copy's files as the fixers read them: without what is installed, built or secret. */
export function sourceTexts(copy: AppCopy): SourceTexts {
  const texts = new Map<string, string | undefined>();
  const read = (file: string): string | undefined => {
    if (!texts.has(file)) texts.set(file, readText(copy, file));
    return texts.get(file);
  };
  return { files: listFiles(copy.root, '').sort(compareText), read };
}

function copyFolder(from: string, to: string): void {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (isLeftOut(entry.name)) continue;
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) {
      mkdirSync(target, { recursive: true });
      copyFolder(source, target);
    } else if (entry.isFile()) cpSync(source, target);
  }
}

// Real settings stay where they are; their example is part of the source.
function isLeftOut(name: string): boolean {
  return leftOut.has(name) || lockFiles.has(name) || secretFile.test(name) || name.endsWith('.tsbuildinfo');
}

// What a configuration extends outside the app lies further up from the copy.
function keepExtends(source: string, target: string): void {
  const file = join(target, 'tsconfig.json');
  const text = readFileText(file);
  if (text === undefined) return;
  const further = (path: string) => relative(target, join(source, path)).split(sep).join('/');
  const moved = text.replace(
    /("extends"\s*:\s*")(\.\.\/[^"]*)/g,
    (_, key: string, path: string) => `${key}${further(path)}`,
  );
  if (moved !== text) writeFileSync(file, moved);
}

/** Moves an earlier copy aside in which somebody worked on: its edits and commits are not ours to delete. */
async function keepEdits(target: string): Promise<void> {
  if (!existsSync(join(target, '.git'))) return;
  const edited = await git(target, ['status', '--porcelain']);
  const authors = new Set((await git(target, ['log', '--format=%ae'])).split('\n'));
  authors.delete(drydockEmail);
  if (edited === '' && authors.size === 0) return;
  for (let number = 1; ; number += 1) {
    const aside = `${target}-kept-${number}`;
    if (existsSync(aside)) continue;
    renameSync(target, aside);
    return;
  }
}

async function startRepository(root: string, branch: string): Promise<boolean> {
  const found = await execa('git', ['--version'], { reject: false });
  if (found.exitCode !== 0) return false;
  await git(root, ['init', '--quiet']);
  await git(root, ['checkout', '--quiet', '-b', branch]);
  writeFileSync(join(root, '.git', 'info', 'exclude'), `${neverCommitted.join('\n')}\n`);
  await commitFolder(root, 'The app as it was found');
  return true;
}

async function commitFolder(root: string, message: string): Promise<string | undefined> {
  await git(root, ['add', '--all']);
  const changed = await git(root, ['status', '--porcelain']);
  if (changed === '') return undefined;
  await git(root, ['commit', '--quiet', '--no-verify', '--message', message]);
  return git(root, ['rev-parse', '--short', 'HEAD']);
}

async function git(root: string, parameters: readonly string[]): Promise<string> {
  const { stdout } = await execa('git', [...gitSettings, ...parameters], {
    cwd: root,
    // Neither the user's own settings and hooks nor a repository around the copy take part.
    env: {
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_SYSTEM: '/dev/null',
      GIT_DIR: join(root, '.git'),
      GIT_WORK_TREE: root,
      GIT_TERMINAL_PROMPT: '0',
    },
    timeout: 60_000,
  });
  return stdout.trim();
}

function listFiles(root: string, folder: string): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    if (isLeftOut(entry.name)) continue;
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) found.push(...listFiles(root, path));
    else if (entry.isFile()) found.push(path);
  }
  return found;
}

function readFileText(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function writeText(path: string, text: string | undefined): void {
  if (text === undefined) {
    rmSync(path, { force: true });
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
