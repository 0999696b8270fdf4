import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import { execa } from 'execa';
import { DrydockError, messageOf } from '../core/error.ts';
import { compareText } from '../core/place.ts';
import type { SourceTexts } from './source/source-set.ts';

/** A copy of an app on which repairs are tried. The app itself is never written. */
export interface AppCopy {
  readonly root: string;
  /** The branch that holds one commit per repair; absent where there is no git. */
  readonly branch: string | undefined;
}

/** Secrets stay where they are; packages are found by walking up; lock files would make the copy its own workspace root. */
const leftOut = new Set(['node_modules', '.git', '.next', '.drydock', '.turbo', '.vercel', 'coverage', 'package-lock.json', 'pnpm-lock.yaml', 'yarn.lock', 'bun.lock', 'bun.lockb']);
const environmentFile = /^\.env(?!\.example$|\.sample$|\.template$)/;

/** Copies an app into a folder that it replaces; with `branch`, as a fresh git repository on that branch. */
export async function copyApp(source: string, target: string, options: { readonly branch?: string } = {}): Promise<AppCopy> {
  try {
    rmSync(target, { recursive: true, force: true });
    mkdirSync(target, { recursive: true });
    for (const entry of readdirSync(source)) {
      if (isLeftOut(entry)) continue;
      cpSync(join(source, entry), join(target, entry), { recursive: true, filter: path => !isLeftOut(basename(path)) });
    }
  } catch (thrown) {
    throw new DrydockError('target-not-found', `Could not copy the app into ${target}: ${messageOf(thrown)}.`, { next: 'Look for free space and write permission there.', cause: thrown });
  }
  if (options.branch === undefined || !(await hasGit())) return { root: target, branch: undefined };
  await git(target, 'init', '--quiet', `--initial-branch=${options.branch}`);
  writeFileSync(join(target, '.git', 'info', 'exclude'), 'node_modules/\n.next/\n.drydock/\nnext-env.d.ts\n*.tsbuildinfo\n');
  await git(target, 'add', '--all');
  await git(target, 'commit', '--quiet', '--message', 'The app as it was found');
  return { root: target, branch: options.branch };
}

function isLeftOut(name: string): boolean {
  return leftOut.has(name) || environmentFile.test(name);
}

async function hasGit(): Promise<boolean> {
  const answer = await execa('git', ['--version'], { reject: false });
  return answer.exitCode === 0;
}

async function git(folder: string, ...parameters: readonly string[]): Promise<string> {
  const identity = ['-c', 'user.name=Drydock', '-c', 'user.email=drydock@localhost', '-c', 'commit.gpgsign=false'];
  const answer = await execa('git', [...identity, ...parameters], { cwd: folder });
  return answer.stdout;
}

/** Commits everything in the copy; gives the commit's short name, or nothing where there is no git. */
export async function commitAll(copy: AppCopy, message: string): Promise<string | undefined> {
  if (copy.branch === undefined) return undefined;
  await git(copy.root, 'add', '--all');
  await git(copy.root, 'commit', '--quiet', '--allow-empty', '--message', message);
  return git(copy.root, 'rev-parse', '--short', 'HEAD');
}

/** Writes texts into the copy; `undefined` removes the file. */
export function writeTexts(copy: AppCopy, texts: ReadonlyMap<string, string | undefined>): void {
  for (const [file, text] of texts) {
    const path = join(copy.root, file);
    if (text === undefined) {
      rmSync(path, { force: true });
    } else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
  }
}

/** The text of a file of the copy; absent when there is none. */
export function readText(copy: AppCopy, file: string): string | undefined {
  const path = join(copy.root, file);
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

/** The copy's files as the fixers read them. */
export function sourceTexts(copy: AppCopy): SourceTexts {
  const files = readdirSync(copy.root, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => relative(copy.root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter(file => !file.split('/').some(part => isLeftOut(part)))
    .toSorted(compareText);
  const texts = new Map<string, string | undefined>();
  return {
    files,
    read: file => {
      if (!texts.has(file)) texts.set(file, readText(copy, file));
      return texts.get(file);
    },
  };
}
