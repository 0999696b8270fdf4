import { parseSync, type EcmaScriptModule, type StaticExportEntry } from 'oxc-parser';
import type { Directive } from './ir.ts';

/** How a file is read: bundlers take JSX in plain JavaScript as well. */
export function languageOf(file: string): { readonly lang?: 'jsx' } {
  return /\.[cm]?js$/.test(file) ? { lang: 'jsx' } : {};
}

/** What a file says to the files around it. Much cheaper than its code: the syntax tree is never handed over. */
export interface Outline {
  readonly file: string;
  readonly directive: Directive | undefined;
  /** Value imports and re-exports, in their order. */
  readonly imports: readonly { readonly specifier: string; readonly names: readonly string[]; readonly line: number }[];
  /** Names that it exports itself; some may be types. */
  readonly exports: ReadonlySet<string>;
  /** Specifiers of `export * from`. */
  readonly exportAll: readonly string[];
}

/**
 * Files that have more to tell than an outline holds: queries, secrets, environment, settings of a route, caches, dynamic
 * imports, CommonJS, comments for Drydock. Says so too often rather than too seldom.
 */
const telling: readonly RegExp[] = [
  /\bprocess\b|use cache|drydock-|\bimport\s*\(|\brequire\s*\(|\bexports\s*[.[=]|\bexport\s*=/,
  /\b(?:find(?:Many|First|Unique)|(?:create|update|delete)Many|upsert|rpc|createSignedUrl|groupBy|\$(?:query|execute)Raw)/,
  /\b(?:db|tx|trx|database|conn|connection|drizzle|pg|sql)\b/i,
  /\bfrom\s*\(/,
  /(?:sk|rk)_(?:live|test)_|whsec_|eyJ|postgres(?:ql)?:|sb_secret_/,
  /\b(?:dynamic|revalidate|runtime|fetchCache|dynamicParams|experimental_ppr)\b/,
];

const blank = /\s+|\/\/[^\n]*|\/\*[\s\S]*?\*\//y;
const directives = /(['"])(use client|use server)\1/y;

/** The directive that a file begins with. What stands before it is read once: one pattern for all of it tries every way to split comments. */
export function openingDirective(text: string): Directive | undefined {
  let at = 0;
  blank.lastIndex = 0;
  while (blank.test(text)) at = blank.lastIndex;
  directives.lastIndex = at;
  return directives.exec(text)?.[2] as Directive | undefined;
}

/** The outline of a file; absent when only its code can tell. */
export function outlineOf(file: string, text: string): Outline | undefined {
  if (telling.some(pattern => pattern.test(text))) return undefined;
  const directive = openingDirective(text);
  // A directive further in belongs to a function, or stands after another one.
  if (directive === undefined && /['"]use (?:client|server)['"]/.test(text)) return undefined;
  const { errors, module } = parseSync(file, text, languageOf(file));
  if (errors.length > 0 || module.dynamicImports.length > 0) return undefined;
  return { file, directive, imports: importsOf(module, text), ...exportsOf(module, text) };
}

function importsOf(module: EcmaScriptModule, text: string): Outline['imports'] {
  const found: { specifier: string; names: readonly string[]; at: number }[] = [];
  for (const { start, moduleRequest, entries } of module.staticImports) {
    const names = entries
      .filter(entry => !entry.isType)
      .map(({ importName: { kind, name } }) => (kind === 'Name' ? (name ?? '') : kind === 'Default' ? 'default' : '*'));
    if (entries.length > 0 ? names.length > 0 : !isTypeOnly(text, start))
      found.push({ specifier: moduleRequest.value, names, at: start });
  }
  for (const { start, entries } of module.staticExports) {
    const [first] = entries;
    const request = first?.moduleRequest;
    if (request === null || request === undefined || isTypeOnly(text, start)) continue;
    const names = entries.filter(entry => !entry.isType).map(importedName);
    found.push({ specifier: request.value, names, at: start });
  }
  found.sort((left, right) => left.at - right.at);
  return found.map(({ specifier, names, at }) => ({ specifier, names, line: lineAt(text, at) }));
}

function importedName({ importName: { kind, name } }: StaticExportEntry): string {
  return kind === 'Name' ? (name ?? '') : '*';
}

function exportsOf(module: EcmaScriptModule, text: string): Pick<Outline, 'exports' | 'exportAll'> {
  const exports = new Set<string>();
  const exportAll: string[] = [];
  for (const { start, entries } of module.staticExports) {
    if (isTypeOnly(text, start)) continue;
    for (const { exportName, importName, moduleRequest } of entries) {
      if (exportName.kind === 'Name' && exportName.name !== null) exports.add(exportName.name);
      else if (exportName.kind === 'Default') exports.add('default');
      else if (importName.kind === 'AllButDefault' && moduleRequest !== null) exportAll.push(moduleRequest.value);
    }
  }
  return { exports, exportAll };
}

/** `import type …`, `export type { … }`. */
function isTypeOnly(text: string, at: number): boolean {
  return /^(?:im|ex)port\s+type\s*[{*]/.test(text.slice(at, at + 40));
}

function lineAt(text: string, at: number): number {
  let line = 1;
  for (let index = text.indexOf('\n'); index >= 0 && index < at; index = text.indexOf('\n', index + 1)) line += 1;
  return line;
}
