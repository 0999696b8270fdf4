import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { AppCopy } from '../copy.ts';
import type { FileChange } from '../diff.ts';
import { packageNames, versionOf } from './package-file.ts';

/** Puts what the app has not installed yet into its copy, so that types can be checked; gives what could not be found. */
export function linkPackages(copy: AppCopy, change: FileChange | undefined): readonly string[] {
  const own = createRequire(import.meta.url);
  const { added, updated } = packagesOf(change);
  const wanted = [...new Set(['@drydock/guard', 'pg', '@types/pg', ...added])].filter(name => {
    if (isInstalled(copy.root, name)) return false;
    const folder = folderOf(own, name);
    if (folder === undefined || (name === '@drydock/guard' && !existsSync(join(folder, 'dist', 'index.d.ts'))))
      return true;
    const target = join(copy.root, 'node_modules', name);
    mkdirSync(name === '@drydock/guard' ? target : dirname(target), { recursive: true });
    // A package reads its peers' types from where it really lies: the guard must lie in the copy, or the app's own `pg` is
    // another one to it.
    if (name === '@drydock/guard')
      for (const part of ['package.json', 'dist']) cpSync(join(folder, part), join(target, part), { recursive: true });
    else symlinkSync(folder, target, 'junction');
    return false;
  });
  return [...wanted, ...updated];
}

/** What a changed `package.json` asks for and did not before, and what it asks for in another version. */
function packagesOf(change: FileChange | undefined): {
  readonly added: readonly string[];
  readonly updated: readonly string[];
} {
  const before = change?.before ?? '{}';
  const after = change?.after ?? '{}';
  const names = packageNames(after);
  return {
    added: names.filter(name => versionOf(before, name) === undefined),
    updated: names.filter(name => {
      const version = versionOf(before, name);
      return version !== undefined && version !== versionOf(after, name);
    }),
  };
}

function isInstalled(root: string, name: string): boolean {
  for (let folder = root; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules', name, 'package.json'))) return true;
    if (dirname(folder) === folder) return false;
  }
}

function folderOf(own: NodeJS.Require, name: string): string | undefined {
  try {
    return dirname(own.resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}
