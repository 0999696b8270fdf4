import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { compareText } from '../../core/place.ts';

/** The files of a target as the source stage sees them: paths relative to one root, with `/`. */
export interface Files {
  /** Absolute path of the root, for display. */
  readonly root: string;
  /** All paths, sorted. */
  readonly paths: readonly string[];
  has(path: string): boolean;
  /** The text; absent when the file is not there or cannot be read. */
  read(path: string): string | undefined;
}

/** Folders that hold no source: packages, and what tools put out. */
export const skippedFolders: ReadonlySet<string> = new Set([
  'node_modules',
  'dist',
  'build',
  'out',
  'coverage',
  'storybook-static',
]);
/** Names of the files that are read. */
export const sourceName = /\.(?:[cm]?[jt]sx?|json|prisma|sql|ya?ml|toml)$/;
const mostFiles = 60_000;

/** The files below a folder of the disk; dot folders, packages and build output left out. */
export function filesOnDisk(root: string): Files {
  const paths: string[] = [];
  const walk = (folder: string): void => {
    if (paths.length >= mostFiles) return;
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true }).toSorted((a, b) =>
      compareText(a.name, b.name),
    )) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!skippedFolders.has(entry.name) && !entry.name.startsWith('.')) walk(path);
      } else if (entry.isFile() && sourceName.test(entry.name) && !entry.name.endsWith('.d.ts')) paths.push(path);
    }
  };
  walk('');
  const known = new Set(paths);
  return {
    root,
    paths: paths.toSorted(compareText),
    has: path => known.has(path),
    read: path => {
      try {
        return readFileSync(join(root, path), 'utf8');
      } catch {
        return undefined;
      }
    },
  };
}

/** Files held in memory, for tests and for trying an edit without writing it. */
export function filesInMemory(texts: Readonly<Record<string, string>>, root = '/app'): Files {
  const paths = Object.keys(texts).toSorted(compareText);
  return { root, paths, has: path => Object.hasOwn(texts, path), read: path => texts[path] };
}

/** True for a folder that exists. */
export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

const program = /\.[cm]?[jt]sx?$/;
const beside = /\.(?:test|spec|e2e-spec|stories|d)\.[cm]?[jt]sx?$|(?:^|\/)__tests__\//;

/** Whether the file is code that runs: no test, no story, no declaration of types. */
export function isProgram(path: string): boolean {
  return program.test(path) && !beside.test(path);
}
