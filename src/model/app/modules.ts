import { codeOf, lineOf, type Expression, type ModuleCode, type ObjectProperty } from '../../collect/source/ir.ts';
import type { Outline } from '../../collect/source/outline.ts';
import type { SourceFiles } from '../../collect/source/read-source.ts';
import type { InlinedEnvironment, ModuleInfo } from './events.ts';
import { walkModule } from './walk.ts';

const settings: ReadonlySet<string> = new Set([
  'dynamic',
  'revalidate',
  'runtime',
  'fetchCache',
  'dynamicParams',
  'experimental_ppr',
]);
const credential =
  /\b(?:(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{8,}|whsec_[A-Za-z0-9+/=]{8,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*|postgres(?:ql)?:\/\/[^:@/\s]+:[^@\s]+@)/;

/** What a source file says by itself. */
export function moduleInfo(files: SourceFiles, module: ModuleCode): ModuleInfo {
  const imports: { file: string; names: readonly string[]; line: number }[] = [];
  const packages: { name: string; line: number }[] = [];
  const isErased = erasedImports(module.file, module.text);
  for (const declaration of module.imports) {
    if (isErased(declaration.names)) continue;
    const line = lineOf(module, declaration.at);
    const resolution = files.resolve(module.file, declaration.specifier);
    if (resolution.kind === 'file') imports.push({ file: resolution.file, names: declaration.names, line });
    else packages.push({ name: declaration.specifier, line });
  }
  const environment: { name: string; line: number }[] = [];
  const literals: { text: string; line: number }[] = [];
  walkModule(module, expression => {
    const line = lineOf(module, expression.at);
    const name = environmentName(expression);
    if (name !== undefined) environment.push({ name, line });
    if (expression.kind === 'constant' && typeof expression.value === 'string' && credential.test(expression.value))
      literals.push({ text: expression.value, line });
    if (expression.kind === 'import' && expression.name === undefined) {
      const resolution = files.resolve(module.file, expression.specifier);
      if (resolution.kind === 'file') imports.push({ file: resolution.file, names: ['*'], line });
    }
  });
  return {
    file: module.file,
    directive: module.directive,
    imports,
    packages,
    environment,
    settings: settingsOf(module),
    literals,
    cachedFunctions: module.functions
      .filter(code => code.directive === 'use cache')
      .map(code => ({ name: code.name, line: lineOf(module, code.at) })),
  };
}

/** What a file says of which the outline is enough: it reads no environment and holds no secret. */
export function outlineInfo(files: SourceFiles, { file, directive, imports }: Outline): ModuleInfo {
  const isErased = erasedImports(file, files.text(file) ?? '');
  const kept = imports.filter(({ names }) => !isErased(names));
  const resolved = kept.map(declared => ({ ...declared, resolution: files.resolve(file, declared.specifier) }));
  return {
    file,
    directive,
    imports: resolved.flatMap(({ resolution, names, line }) =>
      resolution.kind === 'file' ? [{ file: resolution.file, names, line }] : [],
    ),
    packages: resolved.flatMap(({ resolution, specifier, line }) =>
      resolution.kind === 'file' ? [] : [{ name: specifier, line }],
    ),
    environment: [],
    settings: [],
    literals: [],
    cachedFunctions: [],
  };
}

/** The name in `process.env.NAME`. */
function environmentName(expression: Expression): string | undefined {
  if (expression.kind !== 'member' || expression.object.kind !== 'member' || expression.object.property !== 'env')
    return undefined;
  const root = expression.object.object;
  return root.kind === 'global' && root.name === 'process' ? expression.property : undefined;
}

function settingsOf(module: ModuleCode): ModuleInfo['settings'] {
  const found: { name: string; value: string | number | boolean; line: number }[] = [];
  for (const [name, target] of module.exports) {
    if (!settings.has(name) || target.kind !== 'binding') continue;
    const declaration = target.binding.declaration;
    if (declaration?.kind !== 'variable' || declaration.init?.kind !== 'constant') continue;
    const { value } = declaration.init;
    if (value !== null && value !== undefined)
      found.push({ name, value, line: lineOf(module, declaration.pattern.at) });
  }
  return found;
}

/** `env` of next.config: values that the build writes into bundles. */
export function inlinedEnvironment(files: SourceFiles): readonly InlinedEnvironment[] {
  const found: InlinedEnvironment[] = [];
  for (const { folder } of files.apps) {
    const start = folder === '' ? '' : `${folder}/`;
    const file = files.paths.find(
      path => path.startsWith(start) && /^next\.config\.[cm]?[jt]s$/.test(path.slice(start.length)),
    );
    const module = file === undefined ? undefined : files.module(file);
    if (module === undefined) continue;
    walkModule(module, (expression, name) => {
      if (name !== 'env' || expression.kind !== 'object') return;
      for (const property of expression.properties)
        if (property.kind === 'field') found.push(inlined(module, property));
    });
  }
  return found;
}

function inlined(module: ModuleCode, property: Extract<ObjectProperty, { kind: 'field' }>): InlinedEnvironment {
  const line = lineOf(module, property.at);
  const from = /process\.env\.(\w+)|process\.env\[['"](\w+)['"]\]/.exec(codeOf(module, line));
  return { name: property.key, from: from?.[1] ?? from?.[2], place: { file: module.file, line } };
}

const querying: ReadonlySet<string> = new Set([
  'findMany',
  'findFirst',
  'findUnique',
  'findFirstOrThrow',
  'findUniqueOrThrow',
  'createMany',
  'updateMany',
  'deleteMany',
  'upsert',
  'rpc',
  'createSignedUrl',
  'createSignedUrls',
  'groupBy',
  '$queryRaw',
  '$executeRaw',
]);
const chained: ReadonlySet<string> = new Set(['select', 'insert', 'update', 'delete', 'upsert']);

/** Places of calls that look like queries: an upper bound for what the interpreter should reach. */
export function textualQueries(module: ModuleCode): readonly string[] {
  const found = new Set<string>();
  walkModule(module, expression => {
    if (expression.kind !== 'call' || expression.callee.kind !== 'member') return;
    const { property, object } = expression.callee;
    const isQuery = querying.has(property)
      ? !isArrayLiteral(object)
      : (chained.has(property) && isClient(object)) || (property === 'execute' && isClient(object));
    if (isQuery) found.add(`${module.file}:${lineOf(module, rootOf(expression).at)}`);
  });
  return [...found];
}

function isArrayLiteral(expression: Expression): boolean {
  return expression.kind === 'array';
}

/** `db.select()`, `tx.insert(…)`, `this.db.update(…)`, `supabase.from('t').select()`. */
function isClient(expression: Expression): boolean {
  if (expression.kind === 'name')
    return /^(?:db|tx|trx|database|conn|connection|drizzle|pg|sql)$/i.test(expression.binding.name);
  if (expression.kind === 'member') return /^(?:db|tx|database)$/i.test(expression.property);
  return (
    expression.kind === 'call' &&
    expression.callee.kind === 'member' &&
    expression.callee.property === 'from' &&
    expression.arguments[0]?.value.kind === 'constant'
  );
}

function rootOf(expression: Expression): Expression {
  let current = expression;
  while (current.kind === 'member' || current.kind === 'call' || current.kind === 'index')
    current = current.kind === 'call' ? current.callee : current.object;
  return current;
}

/**
 * An import of names that stand for types only is gone after compilation, with or without the word `type`. Whatever is not
 * plainly a type counts as a value.
 */
function erasedImports(file: string, text: string): (names: readonly string[]) => boolean {
  if (!/\.[cm]?tsx?$/.test(file)) return () => false;
  let code: string | undefined;
  return names => {
    if (names.length === 0 || names.some(name => !/^[\w$]+$/.test(name))) return false;
    code ??= text.replaceAll(/^\s*import\b[^;'"]*?from\s*['"][^'"]+['"];?/gm, '');
    const rest = code;
    return names.every(name => isOnlyType(rest, name));
  };
}

function isOnlyType(code: string, name: string): boolean {
  let used = false;
  for (const { index } of code.matchAll(new RegExp(`(?<![\\w$.])${name.replaceAll('$', '\\$')}(?![\\w$])`, 'g'))) {
    used = true;
    if (!typePosition.test(code.slice(Math.max(0, index - 24), index))) return false;
  }
  return used;
}

/** What stands before a name that is a type: `as X`, `<X>`, `A | X`, `extends X`; after a colon it may as well be a value. */
const typePosition = /(?:\bas\s+|[\w$]<\s*|\bkeyof\s+|\)\s*:\s*|\b(?:const|let)\s+[\w$]+\s*:\s*)$/;
