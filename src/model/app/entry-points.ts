import type { FunctionCode, ModuleCode } from '../../collect/source/ir.ts';
import { lineOf } from '../../collect/source/ir.ts';
import type { AppFolder, SourceFiles } from '../../collect/source/read-source.ts';
import type { EntryPoint, EntryPointKind } from '../../core/path.ts';
import { compareText } from '../../core/place.ts';
import { walkModule } from './walk.ts';

/** An entry point with what is needed to run it. */
export interface Entry {
  readonly entryPoint: EntryPoint;
  readonly module: ModuleCode;
  /** The export that is called; absent for functions inside others. */
  readonly symbol: string | undefined;
  /** The function itself, for inline actions. */
  readonly code: FunctionCode | undefined;
  /** Names of the URL's parameters; catch-all ones marked with `...`. */
  readonly parameters: readonly string[];
}

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const source = /\.(?:[cm]?[jt]sx?)$/;

/** Every entry point of the app that its files and directives name, in the order of files and lines. Tools are found in the sources too. */
export function findEntries(files: SourceFiles): readonly Entry[] {
  const found: Entry[] = [];
  const places = appOfEach(files);
  const isOneOfMany = files.apps.filter(app => app.kind === 'next').length > 1;
  for (const path of files.paths) {
    if (!source.test(path) || /\.(?:test|spec|stories)\.[cm]?[jt]sx?$/.test(path)) continue;
    const app = places(path);
    const entries = entriesOfFile(files, path, app);
    found.push(...(isOneOfMany && app !== undefined ? entries.map(entry => ofApp(entry, app)) : entries));
  }
  return found.toSorted(
    (left, right) =>
      compareText(left.entryPoint.file, right.entryPoint.file) ||
      left.entryPoint.line - right.entryPoint.line ||
      compareText(left.entryPoint.name, right.entryPoint.name),
  );
}

/** The app that a path belongs to: the innermost. */
function appOfEach(files: SourceFiles): (path: string) => AppFolder | undefined {
  const innermost = files.apps.toSorted((left, right) => right.folder.length - left.folder.length);
  return path => innermost.find(app => app.folder === '' || path.startsWith(`${app.folder}/`));
}

/** Two apps may answer to the same path: the folder tells them apart. Actions are named by their file already. */
function ofApp(entry: Entry, app: AppFolder): Entry {
  const { entryPoint } = entry;
  if (entryPoint.kind === 'server-action') return entry;
  return { ...entry, entryPoint: { ...entryPoint, name: `${entryPoint.name} (${app.folder})` } };
}

function entriesOfFile(files: SourceFiles, path: string, app: AppFolder | undefined): readonly Entry[] {
  const found: Entry[] = [];
  const below = app === undefined || app.folder === '' ? path : path.slice(app.folder.length + 1);
  const base = below.replace(/^src\//, '');
  const name = base.slice(base.lastIndexOf('/') + 1).replace(source, '');
  const isNext = app?.kind === 'next';
  const isApp = isNext && base.startsWith('app/');
  const load = (): ModuleCode | undefined => files.module(path);
  if (isApp && name === 'route') found.push(...routeHandlers(load(), base));
  if (isApp && (name === 'page' || name === 'layout')) found.push(...pages(load(), base, name));
  if (isNext && base.startsWith('pages/api/')) found.push(...apiRoute(load(), base));
  if (isNext && /^(?:proxy|middleware)$/.test(name) && !base.includes('/')) found.push(...proxy(load(), name));
  // Only files that say `use server` or make a tool hold more; a look at the text spares parsing the rest.
  const text = files.text(path) ?? '';
  if (text.includes('use server')) found.push(...actions(load()));
  return found;
}

/** The URL pattern of a file in `app/`: groups and slots are no part of it. */
function routeOf(base: string): string {
  const folders = base.split('/').slice(1, -1);
  const parts = folders
    .filter(folder => !/^\(.*\)$/.test(folder) && !folder.startsWith('@'))
    .map(folder => folder.replace(/^\(\.+\)/, ''));
  return `/${parts.join('/')}`;
}

function parametersOf(route: string): readonly string[] {
  return [...route.matchAll(/\[{1,2}(\.\.\.)?([^\]]+)\]{1,2}/g)].map(([, rest, name = '']) =>
    rest === undefined ? name : `...${name}`,
  );
}

function lineOfExport(module: ModuleCode, symbol: string): number {
  const target = module.exports.get(symbol);
  if (target?.kind === 'binding') {
    const declaration = target.binding.declaration;
    if (declaration?.kind === 'function') return lineOf(module, declaration.code.at);
    if (declaration?.kind === 'variable') return lineOf(module, declaration.pattern.at);
  }
  return target?.kind === 'expression' ? lineOf(module, target.expression.at) : 1;
}

function entry(
  module: ModuleCode,
  kind: EntryPointKind,
  name: string,
  symbol: string,
  more: Partial<EntryPoint> = {},
): Entry {
  const entryPoint: EntryPoint = { kind, name, file: module.file, line: lineOfExport(module, symbol), symbol, ...more };
  return { entryPoint, module, symbol, code: undefined, parameters: parametersOf(more.route ?? '') };
}

function routeHandlers(module: ModuleCode | undefined, base: string): readonly Entry[] {
  if (module === undefined) return [];
  const route = routeOf(base);
  const kind: EntryPointKind = /\/webhooks?(?:\/|$)/.test(route)
    ? 'webhook'
    : /\/cron(?:\/|$)/.test(route)
      ? 'cron'
      : 'route-handler';
  return [...module.exports.keys()]
    .filter(symbol => methods.has(symbol))
    .map(method => entry(module, kind, `${method} ${route}`, method, { route, method }));
}

function pages(module: ModuleCode | undefined, base: string, kind: 'page' | 'layout'): readonly Entry[] {
  if (module === undefined || module.directive === 'use client')
    return module === undefined || kind === 'layout'
      ? []
      : [entry(module, kind, `${kind} ${routeOf(base)}`, 'default', { route: routeOf(base) })];
  const route = routeOf(base);
  const found: Entry[] = [];
  if (module.exports.has('default')) found.push(entry(module, kind, `${kind} ${route}`, 'default', { route }));
  if (module.exports.has('generateMetadata'))
    found.push(entry(module, 'metadata', `metadata ${route}`, 'generateMetadata', { route }));
  if (module.exports.has('generateStaticParams'))
    found.push(entry(module, 'static-params', `static-params ${route}`, 'generateStaticParams', { route }));
  return found;
}

function apiRoute(module: ModuleCode | undefined, base: string): readonly Entry[] {
  if (module === undefined || !module.exports.has('default')) return [];
  const route = `/${base
    .replace(source, '')
    .replace(/^pages\//, '')
    .replace(/\/index$/, '')}`;
  return [entry(module, 'api-route', `ANY ${route}`, 'default', { route })];
}

function proxy(module: ModuleCode | undefined, name: string): readonly Entry[] {
  if (module === undefined) return [];
  const symbol = [name, 'default', 'proxy', 'middleware'].find(candidate => module.exports.has(candidate));
  return symbol === undefined ? [] : [entry(module, 'proxy', 'proxy', symbol)];
}

function actions(module: ModuleCode | undefined): readonly Entry[] {
  if (module === undefined) return [];
  if (module.directive === 'use server') {
    return [...module.exports.keys()].map(symbol =>
      entry(module, 'server-action', `action ${module.file}#${symbol}`, symbol),
    );
  }
  return module.functions
    .filter(code => code.directive === 'use server')
    .map((code): Entry => {
      const name = code.name === '' ? `inline${lineOf(module, code.at)}` : code.name;
      const entryPoint: EntryPoint = {
        kind: 'server-action',
        name: `action ${module.file}#${name}`,
        file: module.file,
        line: lineOf(module, code.at),
        symbol: name,
      };
      return { entryPoint, module, symbol: undefined, code, parameters: [] };
    });
}

/** Calls of `tool(…)` of the AI SDK in a module: offset of the call, and the tool's name. */
export function findTools(module: ModuleCode): readonly { readonly at: number; readonly name: string }[] {
  if (!module.imports.some(declaration => declaration.specifier === 'ai')) return [];
  const found: { at: number; name: string }[] = [];
  walkModule(module, (expression, name) => {
    if (expression.kind !== 'call' || expression.callee.kind !== 'name') return;
    const declaration = expression.callee.binding.declaration;
    if (
      declaration?.kind !== 'import' ||
      declaration.specifier !== 'ai' ||
      !/^(?:tool|dynamicTool)$/.test(declaration.name)
    )
      return;
    found.push({ at: expression.at, name: name ?? `tool${lineOf(module, expression.at)}` });
  });
  return found;
}
