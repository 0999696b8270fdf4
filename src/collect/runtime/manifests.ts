import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One route of the build, with its URL pattern (`/orders/[id]`). */
export interface BuildRoute {
  readonly kind: 'route-handler' | 'page' | 'api-route' | 'pages-page';
  readonly pattern: string;
  /** Names of the dynamic segments, in order. */
  readonly parameters: readonly string[];
  /** Rendered once and kept: at build time, or on the first request. */
  readonly kept: boolean;
}

/** One server action of the build. Its id changes with every build; file and export stay. */
export interface BuildAction {
  readonly id: string;
  /** Relative to the app's root, with `/`. */
  readonly file: string;
  readonly exportedName: string;
  /** Route patterns whose worker carries it. */
  readonly routes: readonly string[];
}

/** What a `next build` says about itself. */
export interface BuildManifests {
  readonly buildId: string;
  readonly routes: readonly BuildRoute[];
  readonly actions: readonly BuildAction[];
}

/** Reads the manifests of a build; routes and actions come sorted. */
export function readManifests(appRoot: string): BuildManifests {
  const folder = join(appRoot, '.next');
  const kept = keptRoutes(folder);
  return {
    buildId: readText(join(folder, 'BUILD_ID')).trim(),
    routes: [...appRoutes(folder, kept), ...pagesRoutes(folder)].sort((left, right) =>
      compare(`${left.pattern} ${left.kind}`, `${right.pattern} ${right.kind}`),
    ),
    actions: readActions(appRoot, folder),
  };
}

/** True when the folder holds a finished build. */
export function hasBuild(appRoot: string): boolean {
  return existsSync(join(appRoot, '.next', 'BUILD_ID')) && existsSync(join(appRoot, '.next', 'routes-manifest.json'));
}

/** Names in brackets of a URL pattern: `/a/[id]/[...rest]` gives `id`, `rest`. */
export function patternParameters(pattern: string): readonly string[] {
  return [...pattern.matchAll(/\[\[?(?:\.\.\.)?([^\]]+)\]\]?/g)].flatMap(match =>
    match[1] === undefined ? [] : [match[1]],
  );
}

function appRoutes(folder: string, kept: ReadonlySet<string>): readonly BuildRoute[] {
  const manifest = readObject(join(folder, 'app-path-routes-manifest.json'));
  return Object.entries(manifest).flatMap(([file, pattern]) => {
    if (
      typeof pattern !== 'string' ||
      pattern.startsWith('/_') ||
      /\/(?:favicon\.ico|icon|apple-icon|opengraph-image|robots\.txt|sitemap\.xml|manifest\.webmanifest)/.test(pattern)
    )
      return [];
    const kind = file.endsWith('/route') ? 'route-handler' : 'page';
    return [{ kind, pattern, parameters: patternParameters(pattern), kept: kept.has(pattern) } as const];
  });
}

function pagesRoutes(folder: string): readonly BuildRoute[] {
  const manifest = readObject(join(folder, 'server', 'pages-manifest.json'));
  return Object.keys(manifest)
    .filter(pattern => !/^\/(?:_app|_document|_error|404|500)$/.test(pattern))
    .map(pattern => ({
      kind: pattern.startsWith('/api/') || pattern === '/api' ? 'api-route' : 'pages-page',
      pattern,
      parameters: patternParameters(pattern),
      kept: false,
    }));
}

function keptRoutes(folder: string): ReadonlySet<string> {
  const manifest = readObject(join(folder, 'prerender-manifest.json'));
  return new Set([...Object.keys(asObject(manifest['routes'])), ...Object.keys(asObject(manifest['dynamicRoutes']))]);
}

function readActions(appRoot: string, folder: string): readonly BuildAction[] {
  const manifest = readObject(join(folder, 'server', 'server-reference-manifest.json'));
  const actions = ['node', 'edge'].flatMap(runtime =>
    Object.entries(asObject(manifest[runtime])).map(([id, entry]) => toAction(appRoot, id, asObject(entry))),
  );
  // Cached functions stand in the same manifest; a browser cannot call them.
  return actions
    .filter(action => !action.exportedName.startsWith('$$RSC_SERVER_CACHE'))
    .sort((left, right) => compare(`${left.file}#${left.exportedName}`, `${right.file}#${right.exportedName}`));
}

function toAction(appRoot: string, id: string, entry: Readonly<Record<string, unknown>>): BuildAction {
  const workers = Object.keys(asObject(entry['workers']));
  return {
    id,
    file: typeof entry['filename'] === 'string' ? fromAppRoot(appRoot, entry['filename'].replaceAll('\\', '/')) : '',
    exportedName: typeof entry['exportedName'] === 'string' ? entry['exportedName'] : '',
    routes: workers.map(workerRoute).sort(compare),
  };
}

/** In a monorepo the manifest counts from the repository's root: leading folders go until the file is found. */
function fromAppRoot(appRoot: string, file: string): string {
  const parts = file.split('/');
  const start = parts.findIndex((_, index) => existsSync(join(appRoot, ...parts.slice(index))));
  return start < 0 ? file : parts.slice(start).join('/');
}

/** `app/(dash)/orders/[id]/page` is the page `/orders/[id]`. */
function workerRoute(worker: string): string {
  const segments = worker
    .replace(/^(?:src\/)?app\//, '')
    .split('/')
    .slice(0, -1);
  return `/${segments.filter(segment => !/^\(.*\)$|^@/.test(segment)).join('/')}`;
}

function readObject(file: string): Readonly<Record<string, unknown>> {
  if (!existsSync(file)) return {};
  const parsed: unknown = JSON.parse(readText(file));
  return asObject(parsed);
}

function readText(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
