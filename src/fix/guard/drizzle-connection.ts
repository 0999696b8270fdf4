import type { CallExpression, Expression, ImportDeclaration, NewExpression, Node } from 'oxc-parser';
import { ancestors, findAll, isCall, keyName, textOf, unwrap } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { importFromGuard, importOf, placeOf, usesOf } from './app.ts';
import type { GuardedApp } from './app.ts';
import { isAddress, isFromPackage, optionValue } from './drizzle-options.ts';
import { variableIn } from './pg-pool.ts';
import { moveTypes, quotedLike } from './postgres-imports.ts';
import { referencesOf, variableOf } from './references.ts';

const nodePostgres = 'drizzle-orm/node-postgres';

/** Drizzle's drivers that take a pool of node-postgres instead, and the packages whose clients they are given. */
const drivers = new Map([
  [nodePostgres, undefined],
  ['drizzle-orm/neon-http', '@neondatabase/serverless'],
  ['drizzle-orm/neon-serverless', '@neondatabase/serverless'],
  ['drizzle-orm/vercel-postgres', '@vercel/postgres'],
]);

/** A call of `drizzle()` that makes its connection itself, or by a client that nothing else asks. */
export interface DrizzleConnection {
  readonly parsed: ParsedFile;
  readonly call: CallExpression;
  readonly driver: string;
  /** The variable of the environment that names what it connects to. */
  readonly address: string;
  readonly edits: readonly { readonly span: { readonly start: number; readonly end: number }; readonly text: string }[];
  /** What is not named any more afterwards. */
  readonly gone: readonly Node[];
}

/** Every call of `drizzle()` in the app to which the guarded pool can be given. */
export function drizzleConnections(
  app: GuardedApp,
  isOwn: (parsed: ParsedFile, node: Node) => boolean,
): readonly DrizzleConnection[] {
  return [...app.running].flatMap(file => {
    const text = app.texts.read(file) ?? '';
    const named = [...drivers.keys()].filter(driver => text.includes(driver));
    const parsed = named.length === 0 || text.includes('@drydock/guard/pg') ? undefined : app.set.parsed(file);
    if (parsed === undefined) return [];
    return findAll(parsed.program, isCall).flatMap(call => {
      const driver = named.find(each => isFromPackage(app, parsed, call, each));
      return driver === undefined || isOwn(parsed, call) ? [] : (connectionOf(app, parsed, call, driver) ?? []);
    });
  });
}

/** Gives them the guarded pool; the files in which nothing else connects by a driver of its own. */
export function guardDrizzle(app: GuardedApp, connections: readonly DrizzleConnection[]): ReadonlySet<string> {
  const moved = new Set<string>();
  for (const parsed of new Set(connections.map(each => each.parsed))) {
    const own = connections.filter(each => each.parsed === parsed);
    for (const { span, text } of own.flatMap(each => each.edits)) app.edits.replace(parsed, span, text);
    for (const driver of new Set(own.map(each => each.driver))) moveDriver(app, parsed, driver);
    const library = own.map(each => drivers.get(each.driver)).find(each => each !== undefined);
    const imported = library === undefined ? undefined : importOf(parsed, library);
    const unused = imported !== undefined && !isNamed(parsed, imported, own);
    importFromGuard(app, parsed, 'openPool', unused ? imported : undefined);
    if (imported === undefined || unused) moved.add(parsed.file);
  }
  for (const driver of new Set(connections.map(each => each.driver)))
    if (driver !== nodePostgres)
      moveTypes(
        app,
        connections.filter(each => each.driver === driver).map(each => each.parsed),
        driver,
      );
  dropPackages(app, moved);
  return moved;
}

function moveDriver(app: GuardedApp, parsed: ParsedFile, driver: string): void {
  const statement = driver === nodePostgres ? undefined : importOf(parsed, driver);
  if (statement !== undefined) app.edits.replace(parsed, statement.source, quotedLike(parsed, statement, nodePostgres));
}

function isNamed(parsed: ParsedFile, library: ImportDeclaration, own: readonly DrizzleConnection[]): boolean {
  const gone = [library, ...own.flatMap(each => each.gone)];
  return library.specifiers.some(each => usesOf(parsed, each.local.name, gone).length > 0);
}

function dropPackages(app: GuardedApp, moved: ReadonlySet<string>): void {
  for (const name of new Set([...drivers.values()].filter(each => each !== undefined)))
    if (!app.set.files.some(file => !moved.has(file) && new RegExp(`['"]${name}['"]`).test(app.texts.read(file) ?? '')))
      app.packages.drop.add(name);
}

function connectionOf(
  app: GuardedApp,
  parsed: ParsedFile,
  call: CallExpression,
  driver: string,
): DrizzleConnection | undefined {
  const library = drivers.get(driver);
  if (library !== undefined && onlyThere(app, parsed, call)) return undefined;
  const [first] = call.arguments;
  if (first === undefined || first.type === 'SpreadElement') return undefined;
  const given =
    first.type === 'ObjectExpression' ? optionValue(first, ['client', 'connection']) : { key: '', value: first };
  if (given === undefined) return undefined;
  const value = unwrap(given.value);
  const common = { parsed, call, driver, gone: [] };
  if (given.key === 'connection' || (given.key === '' && isAddress(given.value))) {
    const pool = `openPool(${value.type === 'ObjectExpression' ? textOf(parsed, value) : `{ connectionString: ${textOf(parsed, given.value)} }`})`;
    const span = { start: given.at?.start ?? given.value.start, end: given.value.end };
    const [, options] = call.arguments;
    const joined = given.key === '' && options?.type === 'ObjectExpression';
    const text = given.key === '' && !joined ? pool : `client: ${pool}`;
    const edits = joined
      ? [{ span: { start: span.start, end: options.start + 1 }, text: `{ ${text},` }]
      : [{ span, text }];
    return { ...common, address: variableIn(textOf(parsed, given.value)), edits };
  }
  return library === undefined ? undefined : ofLibrary(app, { ...common, library, value });
}

/** `neon(url)`, `new Pool({ connectionString })` of Neon or Vercel, there or in a variable that only Drizzle is given. */
function ofLibrary(
  app: GuardedApp,
  at: Pick<DrizzleConnection, 'parsed' | 'call' | 'driver'> & { readonly library: string; readonly value: Expression },
): DrizzleConnection | undefined {
  const { parsed, library, value } = at;
  const made = value.type === 'Identifier' ? makerOf(app, at, value.name) : value;
  if (made === undefined || (made.type !== 'CallExpression' && made.type !== 'NewExpression')) return undefined;
  if (!isFromPackage(app, parsed, made, library)) return undefined;
  const config = configOf(parsed, made);
  if (config === undefined) return undefined;
  const edits = [{ span: made, text: `openPool(${config})` }];
  return { parsed, call: at.call, driver: at.driver, address: variableIn(config), edits, gone: [made] };
}

/** What makes a variable that nothing but `drizzle()` is given: as a tag it speaks Neon's own protocol. */
function makerOf(
  app: GuardedApp,
  { parsed, call }: Pick<DrizzleConnection, 'parsed' | 'call'>,
  name: string,
): Expression | undefined {
  const declarator = findAll(parsed.program, (node): node is Node => node.type === 'VariableDeclarator').find(
    node => node.type === 'VariableDeclarator' && node.id.type === 'Identifier' && node.id.name === name,
  );
  if (declarator?.type !== 'VariableDeclarator' || declarator.init === null) return undefined;
  const inside = (node: Node): boolean => call.start <= node.start && node.end <= call.end;
  const uses = referencesOf(app, { file: parsed.file, name });
  return uses.every(use => use.parsed === parsed && inside(use.node)) ? unwrap(declarator.init) : undefined;
}

function configOf(parsed: ParsedFile, made: CallExpression | NewExpression): string | undefined {
  const [first] = made.arguments;
  if (first === undefined || first.type === 'SpreadElement' || made.arguments.length > 1) return undefined;
  if (made.type === 'CallExpression') return `{ connectionString: ${textOf(parsed, first)} }`;
  return textOf(parsed, first);
}

/** `db.batch()` is of these drivers alone: https://orm.drizzle.team/docs/batch-api */
function onlyThere(app: GuardedApp, parsed: ParsedFile, call: CallExpression): boolean {
  const variable = variableOf(parsed, call);
  if (variable === undefined) return false;
  const batch = referencesOf(app, variable).find(use => {
    const parent = use.parsed.parentOf(use.node);
    return (
      parent?.type === 'MemberExpression' &&
      parent.property.type === 'Identifier' &&
      keyName(parent.property) === 'batch' &&
      ancestors(use.parsed, use.node).some(isCall)
    );
  });
  if (batch !== undefined)
    app.unguarded.push(
      `${placeOf(batch.parsed, batch.node)} calls batch(), which node-postgres does not have: make it a transaction, and run this again.`,
    );
  return batch !== undefined;
}
