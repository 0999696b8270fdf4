import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix, relative, resolve } from 'node:path';
import { parse as parseJsonc } from 'jsonc-parser';
import { parseSync } from 'oxc-parser';
import { identifierName, isNode, list, property, text, type Node } from './syntax.ts';

/** A parsed file of the app. */
export interface LoadedModule {
  /** Relative to the app's root, with `/`. */
  readonly file: string;
  readonly program: Node;
}

/** A declaration with the file it stands in. */
export interface Declaration {
  readonly module: LoadedModule;
  readonly node: Node;
}

/** Finds declarations over imports. */
export interface ModuleLoader {
  load(file: string): LoadedModule | undefined;
  /** What an export of the module is: a function, or the expression it was made by. */
  exported(module: LoadedModule, name: string, depth?: number): Declaration | undefined;
  /** What a name used in the module refers to. */
  declared(module: LoadedModule, name: string, depth?: number): Declaration | undefined;
  /** The module and the files it imports, nearest first. */
  reached(module: LoadedModule): readonly string[];
}

const deepest = 6;
const extensions = ['.ts', '.tsx', '.js', '.jsx', '.mjs', '.mts', '/index.ts', '/index.tsx', '/index.js'];

/** A loader that parses each file once and understands relative imports and tsconfig `paths`. */
export function createModuleLoader(appRoot: string): ModuleLoader {
  const aliases = readAliases(appRoot);
  const cache = new Map<string, LoadedModule | undefined>();
  const load = (file: string): LoadedModule | undefined => {
    if (!cache.has(file)) cache.set(file, parseFile(appRoot, file));
    return cache.get(file);
  };
  const loader: ModuleLoader = {
    load,
    exported: (module, name, depth = 0) =>
      depth > deepest
        ? undefined
        : findExport(loader, importResolver(appRoot, aliases, module), { module, name, depth }),
    declared: (module, name, depth = 0) =>
      depth > deepest
        ? undefined
        : findDeclaration(loader, importResolver(appRoot, aliases, module), { module, name, depth }),
    reached: module =>
      reachedFiles(load, file => importResolver(appRoot, aliases, { file, program: module.program }), module),
  };
  return loader;
}

type Resolver = (specifier: string) => string | undefined;

interface Lookup {
  readonly module: LoadedModule;
  readonly name: string;
  readonly depth: number;
}

function parseFile(appRoot: string, file: string): LoadedModule | undefined {
  const path = join(appRoot, file);
  if (!existsSync(path) || !statSync(path).isFile()) return undefined;
  const program: unknown = parseSync(file, readFileSync(path, 'utf8')).program;
  return isNode(program) ? { file, program } : undefined;
}

function findExport(loader: ModuleLoader, resolveImport: Resolver, lookup: Lookup): Declaration | undefined {
  const { module, name, depth } = lookup;
  for (const statement of list(module.program['body'])) {
    if (statement.type === 'ExportDefaultDeclaration' && name === 'default') {
      const declaration = property(statement, 'declaration');
      const alias = identifierName(declaration);
      return alias === undefined
        ? declaration && { module, node: declaration }
        : loader.declared(module, alias, depth + 1);
    }
    if (statement.type !== 'ExportNamedDeclaration') continue;
    const direct = declarationIn(property(statement, 'declaration'), name);
    if (direct !== undefined) return { module, node: direct };
    for (const specifier of list(statement['specifiers'])) {
      if (identifierName(specifier['exported']) !== name) continue;
      const local = identifierName(specifier['local']) ?? name;
      const source = text(property(statement, 'source'));
      const target = source === undefined ? undefined : loader.load(resolveImport(source) ?? '');
      return source === undefined
        ? loader.declared(module, local, depth + 1)
        : target && loader.exported(target, local, depth + 1);
    }
  }
  return undefined;
}

function findDeclaration(loader: ModuleLoader, resolveImport: Resolver, lookup: Lookup): Declaration | undefined {
  const { module, name, depth } = lookup;
  for (const statement of list(module.program['body'])) {
    if (statement.type === 'ImportDeclaration') {
      const specifier = list(statement['specifiers']).find(candidate => identifierName(candidate['local']) === name);
      if (specifier === undefined) continue;
      const target = loader.load(resolveImport(text(property(statement, 'source')) ?? '') ?? '');
      const imported =
        specifier.type === 'ImportDefaultSpecifier' ? 'default' : (identifierName(specifier['imported']) ?? name);
      return target && loader.exported(target, imported, depth + 1);
    }
    const declaration = statement.type.startsWith('Export') ? property(statement, 'declaration') : statement;
    const direct = declarationIn(declaration, name);
    if (direct !== undefined) return { module, node: direct };
  }
  return undefined;
}

function declarationIn(node: Node | undefined, name: string): Node | undefined {
  if (node === undefined) return undefined;
  if (
    /^(?:FunctionDeclaration|TSInterfaceDeclaration|TSTypeAliasDeclaration|TSEnumDeclaration)$/.test(node.type) &&
    identifierName(node['id']) === name
  )
    return node;
  if (node.type !== 'VariableDeclaration') return undefined;
  const declarator = list(node['declarations']).find(candidate => identifierName(candidate['id']) === name);
  return property(declarator, 'init');
}

function reachedFiles(
  load: (file: string) => LoadedModule | undefined,
  resolverOf: (file: string) => Resolver,
  module: LoadedModule,
): readonly string[] {
  const found = [module.file];
  for (let index = 0; index < found.length && found.length < 60; index += 1) {
    const file = found[index] ?? '';
    const resolveImport = resolverOf(file);
    for (const statement of list(load(file)?.program['body'])) {
      if (statement.type !== 'ImportDeclaration' || statement['importKind'] === 'type') continue;
      const target = resolveImport(text(property(statement, 'source')) ?? '');
      if (target !== undefined && !found.includes(target)) found.push(target);
    }
  }
  return found;
}

interface Alias {
  readonly prefix: string;
  readonly targets: readonly string[];
}

function importResolver(appRoot: string, aliases: readonly Alias[], module: LoadedModule): Resolver {
  return specifier => {
    const candidates = specifier.startsWith('.')
      ? [posix.join(posix.dirname(module.file), specifier)]
      : aliases
          .filter(alias => specifier.startsWith(alias.prefix))
          .flatMap(alias => alias.targets.map(target => posix.join(target, specifier.slice(alias.prefix.length))));
    for (const candidate of candidates) {
      const bare = candidate.replace(/\.(?:js|mjs|jsx)$/, '');
      const found = ['', ...extensions]
        .map(extension => `${extension === '' ? candidate : bare}${extension}`)
        .find(file => isFile(join(appRoot, file)));
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

function readAliases(appRoot: string): readonly Alias[] {
  const file = ['tsconfig.json', 'jsconfig.json'].map(name => join(appRoot, name)).find(existsSync);
  const parsed: unknown =
    file === undefined ? {} : parseJsonc(readFileSync(file, 'utf8'), [], { allowTrailingComma: true });
  const options = isRecord(parsed) && isRecord(parsed['compilerOptions']) ? parsed['compilerOptions'] : {};
  const base = typeof options['baseUrl'] === 'string' ? options['baseUrl'] : '.';
  const paths = isRecord(options['paths']) ? options['paths'] : {};
  const declared = Object.entries(paths).map(([pattern, targets]) => ({
    prefix: pattern.replace(/\*$/, ''),
    targets: (Array.isArray(targets) ? targets : []).flatMap(target =>
      typeof target === 'string'
        ? [
            relative(
              appRoot,
              resolve(file === undefined ? appRoot : dirname(file), base, target.replace(/\*$/, '')),
            ).replaceAll('\\', '/') || '.',
          ]
        : [],
    ),
  }));
  return [...declared, ...(typeof options['baseUrl'] === 'string' ? [{ prefix: '', targets: [base] }] : [])];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isFile(path: string): boolean {
  return existsSync(path) && statSync(path).isFile();
}
