import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { AppCopy } from '../copy.ts';

/** Puts what the app has not installed yet into its copy, so that types can be checked; gives what could not be found. */
export function linkPackages(copy: AppCopy): readonly string[] {
  const own = createRequire(import.meta.url);
  return ['@drydock/guard', 'pg', '@types/pg'].filter(name => {
    if (isInstalled(copy.root, name)) return false;
    const folder = folderOf(own, name);
    if (folder === undefined || (name === '@drydock/guard' && !existsSync(join(folder, 'dist', 'index.d.ts'))))
      return true;
    const target = join(copy.root, 'node_modules', name);
    mkdirSync(dirname(target), { recursive: true });
    symlinkSync(folder, target, 'junction');
    return false;
  });
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
