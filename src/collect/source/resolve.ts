import { parse } from 'jsonc-parser';
import type { Files } from './files.ts';

/** Where an import leads: a file of the target, a package, or nowhere. */
export type Resolution =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'package'; readonly name: string }
  | { readonly kind: 'missing' };

interface PathRule {
  readonly prefix: string;
  readonly suffix: string;
  readonly exact: boolean;
  readonly targets: readonly string[];
}

interface Aliases {
  readonly rules: readonly PathRule[];
  readonly baseFolder: string | undefined;
}

interface WorkspacePackage {
  readonly folder: string;
  readonly name: string;
  readonly exports: unknown;
  readonly main: string | undefined;
}

const endings = ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '.json'] as const;
const noAliases: Aliases = { rules: [], baseFolder: undefined };

/** Makes the function that follows imports: relative paths, `paths` and `baseUrl` of the nearest tsconfig, packages of the workspace. */
export function makeResolver(files: Files): (from: string, specifier: string) => Resolution {
  const aliasesByFolder = new Map<string, Aliases>();
  const resolved = new Map<string, Resolution>();
  const packages = readPackages(files);

  const aliasesOf = (folder: string): Aliases => {
    const cached = aliasesByFolder.get(folder);
    if (cached !== undefined) return cached;
    const config = ['tsconfig.json', 'jsconfig.json'].map(name => joinPath(folder, name)).find(path => files.has(path));
    const own = config === undefined ? undefined : readAliases(files, config, packages, 0);
    const aliases = own ?? (folder === '' ? noAliases : aliasesOf(parentOf(folder)));
    aliasesByFolder.set(folder, aliases);
    return aliases;
  };

  const byName = new Map(packages.toReversed().map(found => [found.name, found]));
  // The longest name that the specifier begins with, whole segments only.
  const packageOf = (specifier: string): WorkspacePackage | undefined => {
    for (let end = specifier.length; end > 0; end = specifier.lastIndexOf('/', end - 1)) {
      const found = byName.get(specifier.slice(0, end));
      if (found !== undefined) return found;
    }
    return undefined;
  };

  const resolve = (from: string, specifier: string): Resolution => {
    const folder = parentOf(from);
    if (specifier.startsWith('.')) {
      const file = findFile(files, joinPath(folder, specifier));
      return file === undefined ? { kind: 'missing' } : { kind: 'file', file };
    }
    const aliases = aliasesOf(folder);
    for (const rule of aliases.rules) {
      const rest = matchRule(rule, specifier);
      if (rest === undefined) continue;
      for (const target of rule.targets) {
        const file = findFile(files, target.replace('*', rest));
        if (file !== undefined) return { kind: 'file', file };
      }
    }
    const workspace = packageOf(specifier);
    if (workspace !== undefined) {
      const file = fileOfPackage(files, workspace, specifier.slice(workspace.name.length + 1));
      if (file !== undefined) return { kind: 'file', file };
    }
    if (aliases.baseFolder !== undefined) {
      const file = findFile(files, joinPath(aliases.baseFolder, specifier));
      if (file !== undefined) return { kind: 'file', file };
    }
    if (specifier.startsWith('/') || specifier.startsWith('@/') || specifier.startsWith('~/'))
      return { kind: 'missing' };
    return { kind: 'package', name: specifier };
  };

  return (from, specifier) => {
    const key = `${parentOf(from)}\0${specifier}`;
    const cached = resolved.get(key);
    if (cached !== undefined) return cached;
    const answer = resolve(from, specifier);
    resolved.set(key, answer);
    return answer;
  };
}

const stemsOf = new WeakMap<Files, ReadonlySet<string>>();

/** Paths of code without their endings: most look-ups end here. */
function stems(files: Files): ReadonlySet<string> {
  const known = stemsOf.get(files);
  if (known !== undefined) return known;
  const made = new Set(
    files.paths.flatMap(path => {
      const ending = endings.find(candidate => path.endsWith(candidate));
      return ending === undefined ? [] : [path.slice(0, -ending.length)];
    }),
  );
  stemsOf.set(files, made);
  return made;
}

function findFile(files: Files, path: string): string | undefined {
  if (files.has(path) && endings.some(ending => path.endsWith(ending))) return path;
  const known = stems(files);
  if (known.has(path)) for (const ending of endings) if (files.has(path + ending)) return path + ending;
  // `./x.js` in TypeScript sources means `./x.ts`.
  const bare = path.replace(/\.[cm]?jsx?$/, '');
  if (bare !== path && known.has(bare))
    for (const ending of endings) if (files.has(bare + ending)) return bare + ending;
  const index = joinPath(path, 'index');
  if (known.has(index)) for (const ending of endings) if (files.has(index + ending)) return index + ending;
  return undefined;
}

function matchRule(rule: PathRule, specifier: string): string | undefined {
  if (rule.exact) return specifier === rule.prefix ? '' : undefined;
  if (!specifier.startsWith(rule.prefix) || !specifier.endsWith(rule.suffix)) return undefined;
  return specifier.slice(rule.prefix.length, specifier.length - rule.suffix.length);
}

function readAliases(
  files: Files,
  config: string,
  packages: readonly WorkspacePackage[],
  depth: number,
): Aliases | undefined {
  const parsed: unknown = parse(files.read(config) ?? '{}');
  if (!isRecord(parsed)) return undefined;
  const folder = parentOf(config);
  const options = isRecord(parsed['compilerOptions']) ? parsed['compilerOptions'] : {};
  const paths = options['paths'];
  const base = options['baseUrl'];
  const baseFolder = typeof base === 'string' ? joinPath(folder, base) : undefined;
  if (isRecord(paths)) {
    const rules = Object.entries(paths).flatMap(([pattern, targets]): PathRule[] => {
      const list = Array.isArray(targets) ? targets.filter(target => typeof target === 'string') : [];
      const [prefix = '', suffix] = pattern.split('*');
      return [
        {
          prefix,
          suffix: suffix ?? '',
          exact: suffix === undefined,
          targets: list.map(target => joinPath(baseFolder ?? folder, target)),
        },
      ];
    });
    return { rules: rules.toSorted((a, b) => b.prefix.length - a.prefix.length), baseFolder };
  }
  // An `extends` that is not installed has nothing for us; the rest of the configuration still counts.
  const parents = [parsed['extends']].flat().filter(parent => typeof parent === 'string');
  for (const parent of parents.toReversed()) {
    if (depth > 5) break;
    const file = parent.startsWith('.')
      ? findFile(files, joinPath(folder, parent))
      : fileInPackages(files, packages, parent);
    const inherited = file === undefined ? undefined : readAliases(files, file, packages, depth + 1);
    if (inherited !== undefined) return { ...inherited, baseFolder: baseFolder ?? inherited.baseFolder };
  }
  return baseFolder === undefined && depth > 0 ? undefined : { rules: [], baseFolder };
}

function fileInPackages(files: Files, packages: readonly WorkspacePackage[], specifier: string): string | undefined {
  const found = packages.find(candidate => specifier.startsWith(`${candidate.name}/`));
  return found === undefined
    ? undefined
    : findFile(files, joinPath(found.folder, specifier.slice(found.name.length + 1)));
}

function readPackages(files: Files): WorkspacePackage[] {
  const found: WorkspacePackage[] = [];
  for (const path of files.paths) {
    if (!path.endsWith('/package.json')) continue;
    const parsed: unknown = parse(files.read(path) ?? '{}');
    if (!isRecord(parsed) || typeof parsed['name'] !== 'string') continue;
    const main = [parsed['source'], parsed['module'], parsed['main'], parsed['types']].find(
      value => typeof value === 'string',
    );
    found.push({ folder: parentOf(path), name: parsed['name'], exports: parsed['exports'], main });
  }
  return found.toSorted((a, b) => b.name.length - a.name.length);
}

/** The source behind a package's export: build output is mapped back to `src`. */
function fileOfPackage(files: Files, found: WorkspacePackage, sub: string): string | undefined {
  const candidates: string[] = [];
  const key = sub === '' ? '.' : `./${sub}`;
  if (isRecord(found.exports)) {
    for (const [pattern, target] of Object.entries(found.exports)) {
      if (pattern === key) candidates.push(...targetsOf(target));
      else if (pattern.includes('*')) {
        const [prefix = '', suffix = ''] = pattern.split('*');
        if (key.startsWith(prefix) && key.endsWith(suffix)) {
          const rest = key.slice(prefix.length, key.length - suffix.length);
          candidates.push(...targetsOf(target).map(text => text.replaceAll('*', rest)));
        }
      }
    }
  } else if (typeof found.exports === 'string' && sub === '') candidates.push(found.exports);
  if (sub === '') candidates.push(found.main ?? 'index', 'src/index', 'index');
  else candidates.push(sub, `src/${sub}`);
  for (const candidate of candidates) {
    const source = candidate.replace(/^(\.\/)?(dist|build|lib|out)\//, 'src/').replace(/\.d\.[cm]?ts$/, '.ts');
    for (const text of [candidate, source]) {
      const file = findFile(files, joinPath(found.folder, text));
      if (file !== undefined) return file;
    }
  }
  return undefined;
}

function targetsOf(target: unknown): string[] {
  if (typeof target === 'string') return [target];
  if (Array.isArray(target)) return target.flatMap(targetsOf);
  return isRecord(target) ? Object.values(target).flatMap(targetsOf) : [];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The folder of a path; empty at the root. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

/** Joins and normalises; a path that leaves the root keeps its `..`. */
export function joinPath(folder: string, path: string): string {
  if (isPlain(folder) && isPlain(path)) return folder === '' ? path : path === '' ? folder : `${folder}/${path}`;
  const parts: string[] = [];
  for (const part of `${folder}/${path}`.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else parts.push(part);
  }
  return parts.join('/');
}

/** Has no part that joining would change. */
function isPlain(path: string): boolean {
  return !unsettled.test(path);
}

const unsettled = /^\/|\/$|\/\/|(?:^|\/)\.{1,2}(?:\/|$)/;
