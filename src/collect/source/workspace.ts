import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { parse } from 'jsonc-parser';

/** The folder with the workspace's package.json above an app, or the folder itself. */
export function workspaceRootOf(folder: string): string {
  for (let current = dirname(folder), steps = 0; steps < 4; steps += 1) {
    const text = existsSync(join(current, 'package.json'))
      ? readFileSync(join(current, 'package.json'), 'utf8')
      : undefined;
    if (isPnpmWorkspace(join(current, 'pnpm-workspace.yaml'))) return current;
    if (text !== undefined && isWorkspaceOf(text, toPosix(relative(current, folder)))) return current;
    if (dirname(current) === current || existsSync(join(current, '.git'))) break;
    current = dirname(current);
  }
  return folder;
}

/** pnpm keeps its settings in that file too: only one that lists packages is a workspace (https://pnpm.io/settings). */
function isPnpmWorkspace(file: string): boolean {
  return existsSync(file) && /^packages\s*:/m.test(readFileSync(file, 'utf8'));
}

/** A workspace that lists globs (`apps/*`); one that names single folders shares no code between them by convention. */
function isWorkspaceOf(text: string, path: string): boolean {
  const parsed: unknown = parse(text);
  if (typeof parsed !== 'object' || parsed === null || !('workspaces' in parsed)) return false;
  const listed = parsed.workspaces;
  const patterns = Array.isArray(listed)
    ? listed
    : typeof listed === 'object' && listed !== null && 'packages' in listed && Array.isArray(listed.packages)
      ? listed.packages
      : [];
  return patterns.some(
    pattern =>
      typeof pattern === 'string' && pattern.includes('*') && path.startsWith(pattern.slice(0, pattern.indexOf('*'))),
  );
}

/** A path of this system with `/`. */
export function toPosix(path: string): string {
  return path.split(sep).join('/');
}
