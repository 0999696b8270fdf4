import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parse } from 'jsonc-parser';
import { globSync } from 'tinyglobby';
import { workspaceRootOf } from '../source/workspace.ts';

interface Package {
  readonly folder: string;
  readonly name: string;
  readonly needs: readonly string[];
}

/**
 * The package of the workspace in which a folder lies, where it is neither the app's own nor one that the app depends on,
 * at once or by way of others: what it makes is another app's, unless something says more.
 */
export function otherPackageOf(root: string, folder: string): string | undefined {
  const workspace = workspaceRootOf(root);
  const own = packageAround(root, workspace);
  const there = packageAround(folder, workspace);
  if (own === undefined || there === undefined || there.folder === own.folder) return undefined;
  if (isWithin(root, there.folder) || isWithin(there.folder, root)) return undefined;
  return neededBy(own, workspace).has(there.name) ? undefined : there.name;
}

/** The nearest package around a folder, below that of the workspace. */
function packageAround(folder: string, workspace: string): Package | undefined {
  for (let current = folder; isWithin(current, workspace) && current !== workspace; current = dirname(current)) {
    const found = readPackage(current);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isWithin(folder: string, around: string): boolean {
  const way = relative(around, folder);
  return way === '' || (!way.startsWith('..') && !/^[A-Za-z]:/.test(way));
}

function readPackage(folder: string): Package | undefined {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return undefined;
  const parsed: unknown = parse(readFileSync(file, 'utf8'));
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const fields: Readonly<Record<string, unknown>> = { ...parsed };
  const kinds = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'];
  return {
    folder,
    name: typeof fields['name'] === 'string' ? fields['name'] : relative(dirname(folder), folder),
    needs: kinds.flatMap(kind => Object.keys(fields[kind] ?? {})),
  };
}

function neededBy(own: Package, workspace: string): ReadonlySet<string> {
  const files = globSync('**/package.json', { cwd: workspace, ignore: ['**/node_modules/**'], deep: 4 });
  const packages = new Map(
    files.flatMap(file => {
      const found = readPackage(join(workspace, dirname(file)));
      return found === undefined ? [] : [[found.name, found] as const];
    }),
  );
  const needed = new Set<string>();
  const waiting = [...own.needs];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (needed.has(name)) continue;
    needed.add(name);
    waiting.push(...(packages.get(name)?.needs ?? []));
  }
  return needed;
}
