import { join, relative, resolve } from 'node:path';
import { parse } from 'jsonc-parser';
import { DrydockError } from '../../core/error.ts';
import { compareText } from '../../core/place.ts';
import type { Gap } from '../../core/gap.ts';
import { filesOnDisk, isFolder, type Files } from './files.ts';
import { lineOf, type ModuleCode } from './ir.ts';
import { lowerModule } from './lower.ts';
import { outlineOf, type Outline } from './outline.ts';
import { joinPath, makeResolver, parentOf, type Resolution } from './resolve.ts';
import { toPosix, workspaceRootOf } from './workspace.ts';

/** A part of the sources that is deployed by itself. */
export interface AppFolder {
  /** Relative to the sources' root; empty when the root is the app. */
  readonly folder: string;
  /** `next` has pages and route handlers by file name; a `server` says in its code what it answers to. */
  readonly kind: 'next' | 'server';
}

/** The sources of one app, or of a workspace with several, read and lowered on demand. Paths are relative to `root`. */
export interface SourceFiles {
  /** Absolute path of the app; of the folder that the user named when several apps are in it. */
  readonly root: string;
  /** Every app that is traced, sorted by folder. */
  readonly apps: readonly AppFolder[];
  /** Every source path below `root`, sorted. Packages beside an app are reached by `resolve`. */
  readonly paths: readonly string[];
  /** The lowered file; absent when it is missing or its syntax breaks (then `gaps()` says so). */
  module(file: string): ModuleCode | undefined;
  /** What the file imports and exports; absent when it is missing or its syntax breaks. Its code is lowered only when it tells more. */
  outline(file: string): Outline | undefined;
  resolve(from: string, specifier: string): Resolution;
  text(file: string): string | undefined;
  /** `dependencies` and `devDependencies` of every package.json of the workspace; those of the apps win. */
  readonly dependencies: ReadonlyMap<string, string>;
  /** Prisma schema files, anywhere in the workspace; the app's own first. */
  prismaSchemas(): readonly SchemaFile[];
  /** Code of the whole workspace that says something; tests, examples and stories left out. */
  filesThat(says: RegExp): readonly string[];
  /** Files lowered so far. */
  loaded(): readonly ModuleCode[];
  /** Files of which the outline was enough so far. */
  outlined(): readonly Outline[];
  gaps(): readonly Gap[];
}

/** A file that describes tables. */
export interface SchemaFile {
  /** Relative to `root`. */
  readonly file: string;
  readonly text: string;
}

/** Finds the apps at or below a folder, or the one around it, and makes their sources readable. */
export function readSource(target: string): SourceFiles {
  const absolute = resolve(target);
  if (!isFolder(absolute)) throw new DrydockError('target-not-found', `There is no folder at '${target}'.`);
  const workspace = workspaceRootOf(absolute);
  const files = filesOnDisk(workspace);
  const below = toPosix(relative(workspace, absolute));
  return sourceOf(files, below);
}

/** The sources of a folder in which nothing is traced, an app of the browser's for one: they still may describe tables. */
export function readAnySource(target: string): SourceFiles {
  const absolute = resolve(target);
  const files = filesOnDisk(workspaceRootOf(absolute));
  return sourcesIn(files, toPosix(relative(files.root, absolute)), []);
}

/** The same over any files; `below` is the part of them that the user named. */
export function sourceOf(files: Files, below = ''): SourceFiles {
  const every = findApps(files);
  const own = every.filter(app => isInside(app.folder, below));
  const around = every.filter(app => isInside(below, app.folder)).toSorted((a, b) => b.folder.length - a.folder.length);
  const found = own.length > 0 ? own : around.slice(0, 1);
  const [first] = found;
  if (first === undefined) {
    throw new DrydockError('not-an-app', `No Next.js app was found in '${join(files.root, below)}'.`, {
      next: 'Name the folder that has next.config or a package.json that depends on next.',
    });
  }
  return sourcesIn(files, found.length > 1 ? below : first.folder, found);
}

function sourcesIn(files: Files, chosen: string, found: readonly AppFolder[]): SourceFiles {
  const resolver = makeResolver(files);
  const modules = new Map<string, ModuleCode | undefined>();
  const resolutions = new Map<string, Map<string, Resolution>>();
  const gaps: Gap[] = [];
  const outside = (path: string): string => joinPath(chosen, path);
  const inside = (path: string): string => relativePath(chosen, path);
  const texts = new Map<string, string | undefined>();
  const read = (file: string): string | undefined => {
    if (texts.has(file)) return texts.get(file);
    const text = files.read(outside(file));
    texts.set(file, text);
    return text;
  };

  const outlines = new Map<string, Outline>();
  const sources: SourceFiles = {
    root: chosen === '' ? files.root : join(files.root, chosen),
    apps: found.map(app => ({ ...app, folder: app.folder === chosen ? '' : inside(app.folder) })),
    paths: files.paths.filter(path => isInside(path, chosen)).map(inside),
    module(file) {
      if (modules.has(file)) return modules.get(file);
      const text = read(file);
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
    outline(file) {
      const lowered = modules.get(file);
      if (lowered !== undefined) return outlineOfModule(lowered);
      const known = outlines.get(file);
      if (known !== undefined) return known;
      const text = file.endsWith('.json') ? undefined : read(file);
      const outline = text === undefined || modules.has(file) ? undefined : outlineOf(file, text);
      if (outline === undefined) {
        const module = sources.module(file);
        return module === undefined ? undefined : outlineOfModule(module);
      }
      outlines.set(file, outline);
      return outline;
    },
    resolve(from, specifier) {
      const ofFile = resolutions.get(from) ?? new Map<string, Resolution>();
      resolutions.set(from, ofFile);
      const known = ofFile.get(specifier);
      if (known !== undefined) return known;
      const found = resolver(outside(from), specifier);
      const answer: Resolution = found.kind === 'file' ? { kind: 'file', file: inside(found.file) } : found;
      ofFile.set(specifier, answer);
      return answer;
    },
    text: read,
    dependencies: dependenciesOf(files, found),
    prismaSchemas: () =>
      inOrderOfUse(files, chosen).map(path => ({ file: inside(path), text: files.read(path) ?? '' })),
    filesThat: says =>
      files.paths
        .filter(path => isProductCode(relativePath(chosen, path)))
        .map(inside)
        .filter(path => says.test(read(path) ?? '')),
    loaded: () => [...modules.values()].filter(module => module !== undefined),
    outlined: () => [...outlines.values()].filter(outline => !modules.has(outline.file)),
    gaps: () => gaps,
  };
  return sources;
}

function outlineOfModule(module: ModuleCode): Outline {
  return {
    file: module.file,
    directive: module.directive,
    imports: module.imports.map(({ specifier, names, at }) => ({ specifier, names, line: lineOf(module, at) })),
    exports: new Set(module.exports.keys()),
    exportAll: module.exportAll,
  };
}

function isProductCode(path: string): boolean {
  return (
    /\.[cm]?[jt]sx?$/.test(path) &&
    !/\.(?:test|spec|stories|d)\.\w+$|(^|\/)(?:__\w+__|tests?|e2e|fixtures?|examples?|templates?|docs)\//.test(path)
  );
}

/** Prisma schema files: the app's own before those of packages; those beside tests or examples only for want of others. */
function inOrderOfUse(files: Files, app: string): readonly string[] {
  const rank = (path: string): number => {
    if (/(^|\/)(__\w+__|tests?|fixtures?|examples?|templates?|docs)\//.test(relativePath(app, path))) return 2;
    return isInside(path, app) ? 0 : 1;
  };
  const found = files.paths.filter(path => path.endsWith('.prisma'));
  const best = Math.min(...found.map(rank), 2);
  return found.filter(path => rank(path) < 2 || best === 2).toSorted((left, right) => rank(left) - rank(right));
}

/** Packages that answer requests or take jobs without Next.js. */
const servers: readonly RegExp[] = [
  /^(?:hono|express|fastify|koa|elysia|@nestjs\/core|@hono\/node-server)$/,
  /^(?:@react-router\/(?:node|serve|dev|cloudflare)|@remix-run\/(?:node|react|serve))$/,
  /^(?:bullmq|inngest|@trigger\.dev\/sdk)$/,
];

/** Folders that are deployed by themselves: Next.js apps, and packages that depend on a server or a job runner. */
function findApps(files: Files): readonly AppFolder[] {
  const found = new Map<string, AppFolder>();
  for (const path of files.paths) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const folder = parentOf(path);
    const isConfig = /^next\.config\.[cm]?[jt]s$/.test(name);
    const server = serverAround(files, path);
    if (server !== undefined && !found.has(server)) found.set(server, { folder: server, kind: 'server' });
    if (!isConfig && name !== 'package.json') continue;
    const dependencies = isConfig ? undefined : [...dependenciesIn(files.read(path)).keys()];
    if (isConfig || dependencies?.includes('next') === true) {
      const hasPages = files.paths.some(
        inner => isInside(inner, folder) && /^(?:src\/)?(?:app|pages)\//.test(relativePath(folder, inner)),
      );
      if (hasPages) found.set(folder, { folder, kind: 'next' });
    }
    // The workspace's own package.json lists tools for all of it.
    const isServer = dependencies?.some(dependency => servers.some(server => server.test(dependency))) === true;
    if (isServer && folder !== '' && !found.has(folder)) found.set(folder, { folder, kind: 'server' });
  }
  const apps = [...found.values()].toSorted((a, b) => compareText(a.folder, b.folder));
  if (apps.length > 0) return apps;
  const alone = [...dependenciesIn(files.read('package.json')).keys()];
  return alone.some(dependency => servers.some(server => server.test(dependency)))
    ? [{ folder: '', kind: 'server' }]
    : [];
}

/** A workspace may list everything in the package.json at its root: what starts a server of Nest, with or without its settings. */
function serverAround(files: Files, path: string): string | undefined {
  const isStart = /(?:^|\/)src\/main\.ts$/.test(path) && /\bNestFactory\s*\.\s*create/.test(files.read(path) ?? '');
  if (isStart) return parentOf(parentOf(path)) === '' ? undefined : parentOf(parentOf(path));
  const folder = parentOf(path);
  return path.endsWith('/nest-cli.json') && files.paths.includes(`${folder}/src/main.ts`) ? folder : undefined;
}

function dependenciesOf(files: Files, apps: readonly AppFolder[]): ReadonlyMap<string, string> {
  const packages = files.paths.filter(path => path === 'package.json' || path.endsWith('/package.json'));
  return new Map([
    ...packages.flatMap(path => [...dependenciesIn(files.read(path))]),
    ...dependenciesIn(files.read('package.json')),
    ...apps.toReversed().flatMap(app => [...dependenciesIn(files.read(joinPath(app.folder, 'package.json')))]),
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
