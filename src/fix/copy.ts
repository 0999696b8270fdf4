import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { execa } from 'execa';
import { DrydockError, messageOf } from '../core/error.ts';
import { compareText } from '../core/place.ts';
import type { SourceTexts } from './source/source-set.ts';

/** A copy of the app in which fixes are tried. The user's own files are never touched. */
export interface AppCopy {
  /** Absolute path of the copy. */
  readonly root: string;
  readonly branch: string;
  /** False where git is missing; then there are no commits, and undoing goes by the stored originals. */
  readonly hasGit: boolean;
  /** The text of a file now; undefined when it does not exist. */
  read(file: string): string | undefined;
  /** Writes a file, or removes it. */
  write(file: string, text: string | undefined): void;
  /** The texts as they are now, for the fixers. */
  texts(): SourceTexts;
  /** Commits everything that changed; the commit's id, where there is git and something changed. */
  commit(title: string, body: string): Promise<string | undefined>;
  /** The text of a file in the user's app. */
  original(file: string): string | undefined;
}

/** Packages are found by walking up; lock files would make the copy a workspace root of its own. */
const leftOut = new Set(['node_modules', '.next', '.git', '.drydock', '.turbo', '.vercel', '.swc', 'coverage']);
const lockFiles = new Set(['package-lock.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'bun.lockb']);
const secretFile = /^\.env(?!.*\.(?:example|sample|template)$)/;
const neverCommitted = ['node_modules/', '.next/', '.drydock/', 'next-env.d.ts', '*.tsbuildinfo', '.env', '.env.local'];
const gitSettings = ['-c', 'user.name=Drydock', '-c', 'user.email=drydock@localhost', '-c', 'commit.gpgsign=false', '-c', 'core.autocrlf=false'];

/** Copies an app to `<target>/.drydock/<name>` as a git repository of its own, the original as its first commit. */
export async function copyApp(options: { readonly target: string; readonly name: string; readonly branch: string }): Promise<AppCopy> {
  const { target, branch } = options;
  const root = join(target, '.drydock', options.name);
  try {
    rmSync(root, { recursive: true, force: true });
    mkdirSync(root, { recursive: true });
    copyFolder(target, root);
  } catch (thrown) {
    throw new DrydockError('target-not-found', `Could not copy the app into ${root}: ${messageOf(thrown)}.`, { next: 'Look for free space and write permission there.', cause: thrown });
  }
  keepExtends(target, root);
  const hasGit = await startRepository(root, branch);
  return {
    root,
    branch,
    hasGit,
    read: file => readText(join(root, file)),
    write: (file, text) => writeText(join(root, file), text),
    texts: () => readTexts(root),
    commit: (title, body) => (hasGit ? commitAll(root, title, body) : Promise.resolve(undefined)),
    original: file => readText(join(target, file)),
  };
}

/** The texts of an app's folder, without what is installed, built or secret. */
export function readTexts(root: string): SourceTexts {
  const texts = new Map<string, string | undefined>();
  const read = (file: string): string | undefined => {
    if (!texts.has(file)) texts.set(file, readText(join(root, file)));
    return texts.get(file);
  };
  return { files: listFiles(root, '').sort(compareText), read };
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
  const text = readText(file);
  if (text === undefined) return;
  const further = (path: string) => relative(target, join(source, path)).split(sep).join('/');
  const moved = text.replace(/("extends"\s*:\s*")(\.\.\/[^"]*)/g, (_, key: string, path: string) => `${key}${further(path)}`);
  if (moved !== text) writeFileSync(file, moved);
}

async function startRepository(root: string, branch: string): Promise<boolean> {
  const found = await execa('git', ['--version'], { reject: false });
  if (found.exitCode !== 0) return false;
  await git(root, ['init', '--quiet']);
  await git(root, ['checkout', '--quiet', '-b', branch]);
  writeFileSync(join(root, '.git', 'info', 'exclude'), `${neverCommitted.join('\n')}\n`);
  await commitAll(root, 'chore: the app as it was found', 'Every later commit is one repair.');
  return true;
}

async function commitAll(root: string, title: string, body: string): Promise<string | undefined> {
  await git(root, ['add', '--all']);
  const changed = await git(root, ['status', '--porcelain']);
  if (changed === '') return undefined;
  await git(root, ['commit', '--quiet', '--no-verify', '--message', title, '--message', body]);
  return git(root, ['rev-parse', '--short', 'HEAD']);
}

async function git(root: string, parameters: readonly string[]): Promise<string> {
  const { stdout } = await execa('git', [...gitSettings, ...parameters], {
    cwd: root,
    // Neither the user's own settings and hooks nor a repository around the copy take part.
    env: { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null', GIT_DIR: join(root, '.git'), GIT_WORK_TREE: root, GIT_TERMINAL_PROMPT: '0' },
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

function readText(path: string): string | undefined {
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
