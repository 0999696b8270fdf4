import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { parse } from 'jsonc-parser';
import { DrydockError } from '../../core/error.ts';
import type { Gap } from '../../core/gap.ts';
import { filesOnDisk, isFolder, type Files } from './files.ts';
import type { ModuleCode } from './ir.ts';
import { lowerModule } from './lower.ts';
import { joinPath, makeResolver, parentOf, type Resolution } from './resolve.ts';

/** The app's sources, read and lowered on demand. Paths are relative to the app's root. */
export interface SourceFiles {
  /** Absolute path of the Next.js app (in a monorepo the app's own folder). */
  readonly root: string;
  /** Every source path of the app's folder, sorted. */
  readonly paths: readonly string[];
  /** The lowered file; absent when it is missing or its syntax breaks (then `gaps()` says so). */
  module(file: string): ModuleCode | undefined;
  resolve(from: string, specifier: string): Resolution;
  text(file: string): string | undefined;
  /** `dependencies` and `devDependencies` of the app's package.json (and of the workspace root). */
  readonly dependencies: ReadonlyMap<string, string>;
  /** Texts of Prisma schema files, anywhere in the workspace. */
  prismaSchemas(): readonly string[];
  /** Files lowered so far. */
  loaded(): readonly ModuleCode[];
  gaps(): readonly Gap[];
}

/** Finds the Next.js app at or below a folder and makes its sources readable. */
export function readSource(target: string): SourceFiles {
  const absolute = resolve(target);
  if (!isFolder(absolute)) throw new DrydockError('target-not-found', `There is no folder at '${target}'.`);
  const workspace = workspaceRootOf(absolute);
  const files = filesOnDisk(workspace);
  const below = toPosix(relative(workspace, absolute));
  return sourceOf(files, below);
}

/** The same over any files; `below` is the part of them that the user named. */
export function sourceOf(files: Files, below = ''): SourceFiles {
  const apps = findApps(files).filter(app => isInside(app, below) || isInside(below, app));
  const own = apps.filter(app => isInside(app, below));
  const chosen = own.length > 0 ? largest(files, own) : apps.toSorted((a, b) => b.length - a.length)[0];
  if (chosen === undefined) {
    throw new DrydockError('not-an-app', `No Next.js app was found in '${join(files.root, below)}'.`, {
      next: 'Name the folder that has next.config or a package.json that depends on next.',
    });
  }
  const resolver = makeResolver(files);
  const modules = new Map<string, ModuleCode | undefined>();
  const resolutions = new Map<string, Resolution>();
  const gaps: Gap[] = own
    .filter(app => app !== chosen)
    .map(app => ({
      reason: `Another Next.js app at '${app}' was not traced; name its folder to trace it.`,
      file: joinPath(app, 'package.json'),
      line: 1,
      settles: 0,
    }));
  const outside = (path: string): string => joinPath(chosen, path);
  const inside = (path: string): string => relativePath(chosen, path);

  return {
    root: chosen === '' ? files.root : join(files.root, chosen),
    paths: files.paths.filter(path => isInside(path, chosen)).map(inside),
    module(file) {
      if (modules.has(file)) return modules.get(file);
      const text = files.read(outside(file));
      let module: ModuleCode | undefined;
      if (text !== undefined && !file.endsWith('.json')) {
        const lowered = lowerModule(file, text);
        if (lowered.kind === 'module') module = lowered.module;
        else
          gaps.push({ reason: `The file cannot be read: ${lowered.message}.`, file, line: lowered.line, settles: 1 });
      }
      modules.set(file, module);
      return module;
    },
    resolve(from, specifier) {
      const key = `${from}\0${specifier}`;
      const known = resolutions.get(key);
      if (known !== undefined) return known;
      const found = resolver(outside(from), specifier);
      const answer: Resolution = found.kind === 'file' ? { kind: 'file', file: inside(found.file) } : found;
      resolutions.set(key, answer);
      return answer;
    },
    text: file => files.read(outside(file)),
    dependencies: dependenciesOf(files, chosen),
    prismaSchemas: () => files.paths.filter(path => path.endsWith('.prisma')).map(path => files.read(path) ?? ''),
    loaded: () => [...modules.values()].filter(module => module !== undefined),
    gaps: () => gaps,
  };
}

/** Folders whose package.json depends on `next` or that have a next.config. */
function findApps(files: Files): string[] {
  const found = new Set<string>();
  for (const path of files.paths) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const folder = parentOf(path);
    const isConfig = /^next\.config\.[cm]?[jt]s$/.test(name);
    if (isConfig || (name === 'package.json' && dependenciesIn(files.read(path)).has('next'))) {
      if (
        files.paths.some(
          inner => isInside(inner, folder) && /^(?:src\/)?(?:app|pages)\//.test(relativePath(folder, inner)),
        )
      )
        found.add(folder);
    }
  }
  return [...found];
}

function largest(files: Files, apps: readonly string[]): string | undefined {
  const sized = apps.map(app => ({ app, size: files.paths.filter(path => isInside(path, app)).length }));
  return sized.toSorted((a, b) => b.size - a.size || (a.app < b.app ? -1 : 1))[0]?.app;
}

function dependenciesOf(files: Files, app: string): ReadonlyMap<string, string> {
  return new Map([
    ...dependenciesIn(files.read('package.json')),
    ...dependenciesIn(files.read(joinPath(app, 'package.json'))),
  ]);
}

function dependenciesIn(text: string | undefined): Map<string, string> {
  const parsed: unknown = parse(text ?? '{}');
  const found = new Map<string, string>();
  if (typeof parsed !== 'object' || parsed === null) return found;
  for (const [key, group] of Object.entries(parsed)) {
    if ((key !== 'dependencies' && key !== 'devDependencies') || typeof group !== 'object' || group === null) continue;
    for (const [name, version] of Object.entries(group)) found.set(name, String(version));
  }
  return found;
}

/** The folder with the workspace's package.json above an app, or the folder itself. */
function workspaceRootOf(folder: string): string {
  for (let current = dirname(folder), steps = 0; steps < 4; steps += 1) {
    const text = existsSync(join(current, 'package.json'))
      ? readFileSync(join(current, 'package.json'), 'utf8')
      : undefined;
    if (existsSync(join(current, 'pnpm-workspace.yaml'))) return current;
    if (text !== undefined && isWorkspaceOf(text, toPosix(relative(current, folder)))) return current;
    if (dirname(current) === current || existsSync(join(current, '.git'))) break;
    current = dirname(current);
  }
  return folder;
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

function isInside(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}

function relativePath(folder: string, path: string): string {
  if (folder === '') return path;
  if (path.startsWith(`${folder}/`)) return path.slice(folder.length + 1);
  const from = folder.split('/');
  const to = path.split('/');
  let shared = 0;
  while (shared < from.length && shared < to.length && from[shared] === to[shared]) shared += 1;
  return [...from.slice(shared).map(() => '..'), ...to.slice(shared)].join('/');
}

function toPosix(path: string): string {
  return path.split(sep).join('/');
}
