import type { Binding, Expression, ModuleCode, Statement } from '../../collect/source/ir.ts';
import { lineOf } from '../../collect/source/ir.ts';
import type { SourceFiles } from '../../collect/source/read-source.ts';

/**
 * Queries in functions that nothing calls: what names them is gone, or is itself such a function. No entry point reaches
 * those. `sites` are `file:line`; only loaded modules are looked at, for what is not loaded is not run. In doubt a function
 * is used.
 */
export function unusedSites(
  source: SourceFiles,
  modules: readonly ModuleCode[],
  sites: Iterable<string>,
): readonly string[] {
  const look = new Uses(source, modules);
  const unused = [...sites].flatMap(site => {
    const colon = site.lastIndexOf(':');
    const owner = look.unusedAt(site.slice(0, colon), Number(site.slice(colon + 1)));
    return owner === undefined ? [] : [{ site, owner }];
  });
  if (unused.length === 0) return [];
  const names = [...new Set(unused.map(({ owner }) => owner.name))];
  const isLoaded = new Set(modules.map(module => module.file));
  const others = source
    .filesThat(new RegExp(String.raw`(?<![\w$])(?:${names.map(escaped).join('|')})(?![\w$])`))
    .filter(file => !isLoaded.has(file));
  return unused.filter(({ owner }) => !others.some(file => look.isNamedBy(file, owner))).map(({ site }) => site);
}

/** A declaration at the top of a module: from its offset to where the next one begins. */
interface Piece {
  readonly at: number;
  readonly end: number;
  /** Its name, where it does nothing when the module is loaded: a function, a class, a function that a cache wraps. */
  readonly name: string | undefined;
}

const deepest = 12;

class Uses {
  readonly #source: SourceFiles;
  readonly #modules: ReadonlyMap<string, ModuleCode>;
  readonly #pieces = new Map<string, readonly Piece[]>();
  readonly #texts = new Map<string, string>();
  #importers: ReadonlyMap<string, readonly Importer[]> | undefined;

  constructor(source: SourceFiles, modules: readonly ModuleCode[]) {
    this.#source = source;
    this.#modules = new Map(modules.map(module => [module.file, module]));
  }

  /** The function around a line, where nothing that was loaded uses it. */
  unusedAt(file: string, line: number): Owner | undefined {
    const module = this.#modules.get(file);
    const start = module?.lineStarts[line - 1];
    if (module === undefined || start === undefined) return undefined;
    const end = (module.lineStarts[line] ?? module.text.length + 1) - 1;
    // A query that is alone on the line of its function begins after it.
    const piece = this.#pieceAt(module, end);
    const method = this.#unnamedMethod(module, line);
    if (method !== undefined) return { file, name: method };
    if (piece?.name === undefined || lineOf(module, piece.at) > line) return undefined;
    return this.#isUsed(module, piece.name, []) ? undefined : { file, name: piece.name };
  }

  /** Whether a file that was not loaded imports the one that holds a function, or who hands it on, and names it. */
  isNamedBy(file: string, { file: holder, name }: Owner): boolean {
    const text = this.#source.text(file) ?? '';
    if (!new RegExp(String.raw`(?<![\w$])${escaped(name)}(?![\w$])`).test(spoken(text))) return false;
    const handing = this.#handing(holder);
    return specifiersIn(text).some(specifier => {
      const resolution = this.#source.resolve(file, specifier);
      return resolution.kind === 'file' && handing.has(resolution.file);
    });
  }

  /** A file, and those that hand on what it exports. */
  #handing(file: string, into: Set<string> = new Set()): ReadonlySet<string> {
    if (into.has(file)) return into;
    into.add(file);
    for (const { module, exportsAll } of this.#importersOf(file))
      if (exportsAll || [...module.exports.values()].some(target => target.kind === 'from'))
        this.#handing(module.file, into);
    return into;
  }

  #isUsed(module: ModuleCode, name: string, above: readonly string[]): boolean {
    const id = `${module.file}#${name}`;
    // Functions that only call each other are used by nobody.
    if (above.includes(id)) return false;
    if (above.length > deepest || module.commonExports !== undefined) return true;
    const inner = [...above, id];
    if (this.#isNamedIn(module, name, name, inner)) return true;
    for (const [exported, target] of module.exports) {
      if (target.kind !== 'binding' || target.binding.name !== name) continue;
      if (module.directive === 'use server' || exported === 'default' || this.#isRoot(module.file)) return true;
      if (this.#isImported(module.file, exported, name, inner, new Set())) return true;
    }
    return false;
  }

  /** Whether a module that gets what a file exports names it in something that is used. */
  #isImported(file: string, exported: string, name: string, above: readonly string[], seen: Set<string>): boolean {
    if (seen.has(file)) return false;
    seen.add(file);
    return this.#importersOf(file).some(importer => {
      const { module } = importer;
      if (new RegExp(String.raw`\b${escaped(exported)}\s+as\b`).test(module.text)) return true;
      if (module.commonExports !== undefined || this.#isNamedIn(module, exported, undefined, above)) return true;
      // A barrel hands it on.
      const handsOn = importer.exportsAll || module.exports.has(exported);
      return handsOn && (this.#isRoot(module.file) || this.#isImported(module.file, exported, name, above, seen));
    });
  }

  /** Whether a name stands in code of a module that is run when it is loaded, or in a function of it that is used. */
  #isNamedIn(module: ModuleCode, name: string, own: string | undefined, above: readonly string[]): boolean {
    const text = this.#textOf(module);
    if (!text.includes(name)) return false;
    for (const { index } of text.matchAll(new RegExp(String.raw`(?<![\w$])${escaped(name)}(?![\w$])`, 'g'))) {
      const piece = this.#pieceAt(module, index);
      if (piece === undefined) return true;
      if (own !== undefined && piece.name === own) continue;
      if (piece.name === undefined || this.#isUsed(module, piece.name, above)) return true;
    }
    return false;
  }

  /** A method that is called by no name that stands anywhere. */
  #unnamedMethod(module: ModuleCode, line: number): string | undefined {
    const around = module.functions.filter(
      code => code.parent === undefined && lineOf(module, code.at) <= line && line <= lineOf(module, code.end),
    );
    const [only] = around;
    if (only === undefined || around.length !== 1 || only.name === '') return undefined;
    const named = new RegExp(String.raw`(?<![\w$])${escaped(only.name)}(?![\w$])`, 'g');
    let times = 0;
    for (const { text } of this.#modules.values()) times += [...text.matchAll(named)].length;
    return times <= 1 ? only.name : undefined;
  }

  #isRoot(file: string): boolean {
    return this.#importersOf(file).length === 0 || entryFile.test(file);
  }

  #importersOf(file: string): readonly Importer[] {
    this.#importers ??= importersIn(this.#source, [...this.#modules.values()]);
    return this.#importers.get(file) ?? [];
  }

  #pieceAt(module: ModuleCode, offset: number): Piece | undefined {
    const known = this.#pieces.get(module.file);
    const pieces = known ?? piecesOf(module);
    if (known === undefined) this.#pieces.set(module.file, pieces);
    return pieces.findLast(piece => piece.at <= offset && offset < piece.end);
  }

  #textOf(module: ModuleCode): string {
    const known = this.#texts.get(module.file);
    if (known !== undefined) return known;
    const text = spoken(module.text);
    this.#texts.set(module.file, text);
    return text;
  }
}

/** Files that a framework finds by their names. */
const entryFile =
  /(?:^|\/)(?:page|layout|route|template|default|loading|error|not-found|middleware|proxy|instrumentation|sitemap|robots|opengraph-image|icon)\.[cm]?[jt]sx?$|(?:^|\/)pages\/|\.(?:controller|resolver|module|processor)\.[cm]?ts$/;

interface Importer {
  readonly module: ModuleCode;
  readonly exportsAll: boolean;
}

/** A function that a query stands in. */
interface Owner {
  readonly file: string;
  readonly name: string;
}

const mentions = /(?:\bfrom|\bimport|\brequire)\s*\(?\s*['"]([^'"\n]+)['"]/g;

/** Who imports each file: by a statement, by a call, or to hand it on. */
function importersIn(source: SourceFiles, modules: readonly ModuleCode[]): ReadonlyMap<string, readonly Importer[]> {
  const found = new Map<string, Importer[]>();
  for (const module of modules) {
    const files = new Set<string>();
    const handedOn = new Set<string>();
    for (const specifier of specifiersIn(module.text)) {
      const resolution = source.resolve(module.file, specifier);
      if (resolution.kind !== 'file') continue;
      files.add(resolution.file);
      if (module.exportAll.includes(specifier)) handedOn.add(resolution.file);
    }
    for (const file of files) {
      const list = found.get(file) ?? [];
      list.push({ module, exportsAll: handedOn.has(file) });
      found.set(file, list);
    }
  }
  return found;
}

/** A text without what only imports, hands on, or explains; offsets stay. */
function spoken(text: string): string {
  const blank = (part: string): string => part.replaceAll(/[^\n]/g, ' ');
  return text
    .replaceAll(/^[ \t]*\/\*[\s\S]*?\*\//gm, blank)
    .replaceAll(/^[ \t]*\/\/.*$/gm, blank)
    .replaceAll(/(?:^|;)[ \t]*(?:import|export)\b[^;'"=()]*?\bfrom\s*['"][^'"\n]+['"]/gm, blank)
    .replaceAll(/^[ \t]*export\s*\{[^}'"]*\}/gm, blank);
}

function specifiersIn(text: string): readonly string[] {
  return [...text.matchAll(mentions)].map(([, specifier = '']) => specifier);
}

function piecesOf(module: ModuleCode): readonly Piece[] {
  const statements = module.body.toSorted((left, right) => left.at - right.at);
  return statements.map((statement, index) => ({
    at: statement.at,
    end: statements[index + 1]?.at ?? module.text.length + 1,
    name: nameOf(statement),
  }));
}

function nameOf(statement: Statement): string | undefined {
  if (statement.kind === 'function') return statement.binding.name;
  if (statement.kind !== 'declare' || statement.pattern.kind !== 'name') return undefined;
  const { init } = statement;
  const isIdle = init?.kind === 'function' || (init?.kind === 'class' && isPlain(init)) || isKept(init);
  return isIdle ? statement.pattern.binding.name : undefined;
}

/** A class that no decorator tells a framework of. */
function isPlain(expression: Extract<Expression, { kind: 'class' }>): boolean {
  return (
    expression.decorators === undefined &&
    expression.statics.length === 0 &&
    expression.fields.every(field => field.declared === undefined)
  );
}

/** `cache(async () => …)` of React, and what else only remembers what a function gave. */
function isKept(init: Expression | undefined): boolean {
  if (init?.kind !== 'call' || init.callee.kind !== 'name' || init.arguments[0]?.value.kind !== 'function')
    return false;
  const { declaration }: Binding = init.callee.binding;
  return (
    declaration?.kind === 'import' &&
    /^(?:react|next\/cache|lodash(?:\/memoize)?|p-memoize|memoize(?:-one)?)$/.test(declaration.specifier)
  );
}

function escaped(name: string): string {
  return name.replaceAll('$', String.raw`\$`);
}
