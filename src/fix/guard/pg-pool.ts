import type { ImportDeclaration, NewExpression, Node } from 'oxc-parser';
import { findAll, memberChain, textOf } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { importFromGuard, importOf, placeOf, usesOf } from './app.ts';
import type { GuardedApp } from './app.ts';

/** A pool of node-postgres that the app makes. */
export interface PgPool {
  readonly parsed: ParsedFile;
  readonly node: NewExpression;
  /** What it connects to, as it is written: `process.env.DATABASE_URL`. */
  readonly address: string;
}

/** Every pool of the app but those that the guard itself was given, and those of the auth library. */
export function pgPools(
  app: GuardedApp,
  isOwn: (parsed: ParsedFile, node: NewExpression) => boolean,
): readonly PgPool[] {
  return [...app.running].flatMap(file => {
    const text = app.texts.read(file) ?? '';
    if (!/\bPool\(/.test(text) || text.includes('@drydock/guard/pg')) return [];
    const parsed = app.set.parsed(file);
    return parsed === undefined
      ? []
      : poolsIn(parsed).filter(each => !isOwn(parsed, each.node) && !roles.test(each.address));
  });
}

/** Pools of the roles that the guard made. */
const roles = /^(?:ADMIN|AUTH|OWNER)_DATABASE_URL$/;

function poolsIn(parsed: ParsedFile): readonly PgPool[] {
  if (importOf(parsed, 'pg') === undefined) return [];
  return findAll(parsed.program, (node): node is NewExpression => node.type === 'NewExpression')
    .filter(node => {
      const chain = memberChain(node.callee);
      return chain?.root.type === 'Identifier' && (chain.names.at(-1) ?? chain.root.name).endsWith('Pool');
    })
    .map(node => ({ parsed, node, address: addressOf(parsed, node) }));
}

function addressOf(parsed: ParsedFile, node: NewExpression): string {
  return variableIn(node.arguments.map(each => textOf(parsed, each)).join(', '));
}

/** The variable of the environment from which an address is read. */
export function variableIn(text: string): string {
  return /\benv\.(\w*(?:URL|URI|DSN|CONNECTION)\w*)/i.exec(text)?.[1] ?? 'DATABASE_URL';
}

/** Gives the pools of the app's own database to the guard; a pool of another database is left as it is, and named. */
export function guardPgPools(app: GuardedApp, pools: readonly PgPool[], own: string): void {
  for (const { parsed, node, address } of pools.filter(each => each.address !== own))
    app.notes.push(
      `${placeOf(parsed, node)} makes a pool of its own from ${address}, which was left as it is: where it is the same database, make it with openPool too.`,
    );
  const mine = pools.filter(each => each.address === own);
  for (const { parsed, node } of mine) {
    const text = node.arguments.length === 0 ? 'openPool({})' : undefined;
    if (text === undefined) app.edits.replace(parsed, { start: node.start, end: node.callee.end }, 'openPool');
    else app.edits.replace(parsed, node, text);
  }
  for (const parsed of new Set(mine.map(each => each.parsed)))
    moveImport(
      app,
      parsed,
      mine.filter(each => each.parsed === parsed),
    );
}

/** The variable of the environment that names the app's own database: where the guard is in already, what is left beside it is another. */
export function mainAddress(app: GuardedApp, addresses: readonly string[]): string {
  if (addresses.includes('DATABASE_URL') || app.texts.read(app.guardFile) !== undefined) return 'DATABASE_URL';
  return addresses[0] ?? 'DATABASE_URL';
}

/** `Pool` stays imported where it is a type too. */
function moveImport(app: GuardedApp, parsed: ParsedFile, pools: readonly PgPool[]): void {
  const library = importOf(parsed, 'pg');
  if (library === undefined) return;
  const taken = parsed.program.body.filter(statement => takesPoolOut(parsed, statement));
  const calls: readonly Node[] = [library, ...taken, ...pools.map(each => each.node.callee)];
  const uses = library.specifiers.flatMap(each => usesOf(parsed, each.local.name, calls));
  const pool = taken.length === 0 ? [] : usesOf(parsed, 'Pool', calls);
  if (uses.length === 0 && pool.length === 0) {
    for (const statement of taken) app.edits.replace(parsed, statement, '');
    return importFromGuard(app, parsed, 'openPool', library);
  }
  importFromGuard(app, parsed, 'openPool');
  if (uses.every(node => isType(parsed, node)) && taken.length === 0) makeTypeImport(app, parsed, library);
}

/** `const { Pool } = pg;`, as one writes it in modules. */
function takesPoolOut(parsed: ParsedFile, statement: Node): boolean {
  return statement.type === 'VariableDeclaration' && /^const \{ Pool \} = pg;?$/.test(textOf(parsed, statement).trim());
}

function isType(parsed: ParsedFile, node: Node): boolean {
  return parsed.parentOf(node)?.type.startsWith('TS') === true;
}

function makeTypeImport(app: GuardedApp, parsed: ParsedFile, library: ImportDeclaration): void {
  const isNamed = library.specifiers.every(each => each.type === 'ImportSpecifier' && each.importKind !== 'type');
  if (library.importKind === 'type' || !isNamed) return;
  app.edits.insert(parsed, library.start + 'import'.length, ' type');
}
