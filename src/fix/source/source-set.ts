import { parse as parseJsonc } from 'jsonc-parser';
import { posix } from 'node:path';
import type { FunctionNode, ParsedFile } from './parsed-file.ts';
import { parseFile } from './parsed-file.ts';
import { importsOf } from './edit-set.ts';

/** The app's texts as fixers read them; paths relative to the app's root. */
export interface SourceTexts {
  readonly files: readonly string[];
  read(file: string): string | undefined;
}

/** The app's source files, parsed on demand, with their imports resolved. */
export interface SourceSet {
  readonly files: readonly string[];
  parsed(file: string): ParsedFile | undefined;
  read(file: string): string | undefined;
  /** The file that an import names; undefined for packages. */
  resolve(from: string, specifier: string): string | undefined;
  /** How `from` writes an import of `target`: with the app's alias where it uses one, else relative. */
  specifierFor(from: string, target: string): string;
  /** Where a name that `file` uses was declared, followed through imports and re-exports. */
  declarationOf(file: string, name: string): Declaration | undefined;
}

/** A top-level name in the file that declares it, or in the package it comes from. */
export type Declaration =
  | { readonly kind: 'local'; readonly file: string; readonly name: string }
  | { readonly kind: 'package'; readonly package: string; readonly name: string };

const sourceFile = /\.(?:[cm]?[jt]sx?)$/;
const extensions = ['', '.ts', '.tsx', '.mts', '.js', '.jsx', '.mjs', '/index.ts', '/index.tsx', '/index.js'];
const reExportDepth = 6;

/** Opens the app's texts for the fixers. */
export function openSources(texts: SourceTexts): SourceSet {
  const files = texts.files.filter(file => sourceFile.test(file) && !file.endsWith('.d.ts'));
  const known = new Set(files);
  const cache = new Map<string, ParsedFile | undefined>();
  const aliases = readAliases(texts);
  const parsed = (file: string): ParsedFile | undefined => {
    if (!cache.has(file)) {
      const text = texts.read(file);
      cache.set(file, text === undefined ? undefined : parseFile(file, text));
    }
    return cache.get(file);
  };
  const resolve = (from: string, specifier: string): string | undefined => {
    for (const base of basesOf(from, specifier, aliases)) {
      const stem = base.replace(/\.js$/, '');
      const hit = [
        ...extensions.map(extension => base + extension),
        ...extensions.map(extension => stem + extension),
      ].find(each => known.has(each));
      if (hit !== undefined) return hit;
    }
    return undefined;
  };
  const declarationOf = (file: string, name: string): Declaration | undefined =>
    followName({ file, name, depth: 0 }, { parsed, resolve });
  const specifierFor = (from: string, target: string): string => {
    const stem = target.replace(/\.[cm]?[jt]sx?$/, '').replace(/\/index$/, '');
    const alias = aliases.find(each => each.target !== undefined && stem.startsWith(each.target));
    const usesAlias = alias !== undefined && posix.dirname(from) !== posix.dirname(target);
    if (usesAlias) return alias.prefix + stem.slice(alias.target.length);
    const relative = posix.relative(posix.dirname(from), stem);
    return relative.startsWith('.') ? relative : `./${relative}`;
  };
  return { files, parsed, read: file => texts.read(file), resolve, specifierFor, declarationOf };
}

/** The functions that a file declares at its top level, by name (`default` for an unnamed default export). */
export function topLevelFunctions(parsed: ParsedFile): ReadonlyMap<string, FunctionNode> {
  const found = new Map<string, FunctionNode>();
  for (const statement of parsed.program.body) {
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    if (declaration?.type === 'FunctionDeclaration' && declaration.id !== null)
      found.set(declaration.id.name, declaration);
    if (declaration?.type === 'VariableDeclaration') {
      for (const each of declaration.declarations) {
        if (each.id.type !== 'Identifier' || each.init === null) continue;
        const inner = innermostFunction(each.init);
        if (inner !== undefined) found.set(each.id.name, inner);
      }
    }
    if (statement.type === 'ExportDefaultDeclaration') {
      const value = statement.declaration;
      if (
        value.type === 'FunctionDeclaration' ||
        value.type === 'FunctionExpression' ||
        value.type === 'ArrowFunctionExpression'
      ) {
        found.set('default', value);
      }
    }
  }
  return found;
}

// `cache(async () => …)`, `withViewer(async ({ … }) => …)`: the function given to the wrapper is the one that runs.
function innermostFunction(node: import('oxc-parser').Expression): FunctionNode | undefined {
  if (node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression') return node;
  if (node.type !== 'CallExpression') return undefined;
  for (const argument of node.arguments) {
    if (argument.type === 'SpreadElement') continue;
    const inner = innermostFunction(argument);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

interface Alias {
  readonly prefix: string;
  readonly target: string;
}

function readAliases(texts: SourceTexts): readonly Alias[] {
  const text = texts.read('tsconfig.json') ?? texts.read('jsconfig.json');
  if (text === undefined) return [];
  const config: unknown = parseJsonc(text);
  const options = field(config, 'compilerOptions');
  const baseUrl = field(options, 'baseUrl');
  const base = typeof baseUrl === 'string' ? baseUrl : '.';
  const paths = field(options, 'paths');
  if (typeof paths !== 'object' || paths === null) return [];
  return Object.entries(paths).flatMap(([pattern, targets]) => {
    const first: unknown = Array.isArray(targets) ? targets[0] : undefined;
    if (!pattern.endsWith('*') || typeof first !== 'string') return [];
    const target = posix.join(base, first.replace(/\*$/, ''));
    return [{ prefix: pattern.slice(0, -1), target: target === './' || target === '.' ? '' : target }];
  });
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function basesOf(from: string, specifier: string, aliases: readonly Alias[]): readonly string[] {
  if (specifier.startsWith('.')) return [posix.join(posix.dirname(from), specifier)];
  return aliases
    .filter(alias => specifier.startsWith(alias.prefix))
    .map(alias => posix.normalize(alias.target + specifier.slice(alias.prefix.length)));
}

function followName(
  at: { readonly file: string; readonly name: string; readonly depth: number },
  world: {
    readonly parsed: (file: string) => ParsedFile | undefined;
    readonly resolve: (from: string, specifier: string) => string | undefined;
  },
): Declaration | undefined {
  const parsed = world.parsed(at.file);
  if (parsed === undefined || at.depth > reExportDepth) return undefined;
  const go = (specifier: string, name: string): Declaration | undefined => {
    const file = world.resolve(at.file, specifier);
    if (file === undefined) return { kind: 'package', package: specifier, name };
    return followName({ file, name, depth: at.depth + 1 }, world);
  };
  for (const declaration of importsOf(parsed)) {
    for (const specifier of declaration.specifiers) {
      if (specifier.local.name !== at.name) continue;
      if (specifier.type === 'ImportSpecifier') {
        const imported = specifier.imported.type === 'Identifier' ? specifier.imported.name : specifier.imported.value;
        return go(declaration.source.value, imported);
      }
      return go(declaration.source.value, specifier.type === 'ImportDefaultSpecifier' ? 'default' : '*');
    }
  }
  if (declaresName(parsed, at.name)) return { kind: 'local', file: at.file, name: at.name };
  for (const statement of parsed.program.body) {
    if (statement.type === 'ExportAllDeclaration') {
      const hit = go(statement.source.value, at.name);
      if (hit?.kind === 'local') return hit;
    }
    if (statement.type === 'ExportNamedDeclaration' && statement.source !== null) {
      for (const specifier of statement.specifiers) {
        const exported = specifier.exported.type === 'Identifier' ? specifier.exported.name : specifier.exported.value;
        const local = specifier.local.type === 'Identifier' ? specifier.local.name : specifier.local.value;
        if (exported === at.name) return go(statement.source.value, local);
      }
    }
  }
  return undefined;
}

function declaresName(parsed: ParsedFile, name: string): boolean {
  if (name === '*') return true;
  return parsed.program.body.some(statement => {
    if (statement.type === 'ExportDefaultDeclaration') return name === 'default';
    const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
    switch (declaration?.type) {
      case 'FunctionDeclaration':
      case 'ClassDeclaration':
        return declaration.id?.name === name;
      case 'VariableDeclaration':
        return declaration.declarations.some(each => each.id.type === 'Identifier' && each.id.name === name);
      default:
        return false;
    }
  });
}
