import type { CallExpression, ImportDeclaration, Node } from 'oxc-parser';
import { importsOf } from '../source/edit-set.ts';
import { ancestors, findAll, textOf } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { importFromGuard, importOf, usesOf } from './app.ts';
import type { GuardedApp } from './app.ts';
import { driver } from './execute-results.ts';

/** The imports of a file that makes a client; `moved` is absent where one of its clients stays. */
export function moveImports(app: GuardedApp, parsed: ParsedFile, moved: readonly CallExpression[] | undefined): void {
  const drizzle = importOf(parsed, driver);
  if (drizzle !== undefined)
    app.edits.replace(parsed, drizzle.source, quotedLike(parsed, drizzle, 'drizzle-orm/node-postgres'));
  const library = importOf(parsed, 'postgres');
  if (library === undefined || moved === undefined || moved.length === 0) return;
  const types = clientTypes(parsed, library);
  for (const node of types) app.edits.replace(parsed, node, 'Pool');
  const kept = library.specifiers.some(
    each => usesOf(parsed, each.local.name, [library, ...types, ...moved.map(call => call.callee)]).length > 0,
  );
  importFromGuard(app, parsed, 'openPool', kept ? undefined : library);
  if (types.length > 0)
    app.edits.insert(parsed, library.start, `import type { Pool } from ${quotedLike(parsed, library, 'pg')};\n`);
  if (kept) app.notes.push(`'${parsed.file}' still uses types of postgres.js.`);
}

/** A name of a package, quoted as an import is. */
export function quotedLike(parsed: ParsedFile, like: ImportDeclaration, name: string): string {
  const mark = parsed.text[like.source.start] ?? "'";
  return `${mark}${name}${mark}`;
}

/** `postgres.Sql`, `Sql<{}>`, `ReturnType<typeof postgres>`: the type of the client. */
function clientTypes(parsed: ParsedFile, library: ImportDeclaration): readonly Node[] {
  const named = library.specifiers.map(each => each.local.name);
  const pattern = new RegExp(
    `^(?:(?:${named.join('|')})\\.Sql|Sql|ReturnType<typeof (?:${named.join('|')})>)(?:<[^>]*>)?$`,
  );
  return findAll(parsed.program, (node): node is Node => node.type === 'TSTypeReference').filter(
    node =>
      pattern.test(textOf(parsed, node).trim()) &&
      ancestors(parsed, node).every(each => each.type !== 'TSTypeReference' || !pattern.test(textOf(parsed, each))),
  );
}

const types = new Map([
  ['PostgresJsDatabase', 'NodePgDatabase'],
  ['PostgresJsTransaction', 'NodePgTransaction'],
  ['PostgresJsSession', 'NodePgSession'],
  ['PostgresJsQueryResultHKT', 'NodePgQueryResultHKT'],
  ['NeonHttpDatabase', 'NodePgDatabase'],
  ['NeonDatabase', 'NodePgDatabase'],
  ['NeonTransaction', 'NodePgTransaction'],
  ['NeonQueryResultHKT', 'NodePgQueryResultHKT'],
  ['VercelPgDatabase', 'NodePgDatabase'],
  ['VercelPgTransaction', 'NodePgTransaction'],
  ['VercelPgQueryResultHKT', 'NodePgQueryResultHKT'],
]);

/** The types of Drizzle's driver, in every file that names them. */
export function moveTypes(app: GuardedApp, done: readonly ParsedFile[], from: string): void {
  for (const file of app.set.files) {
    if (app.texts.read(file)?.includes(from) !== true) continue;
    const parsed = app.set.parsed(file);
    if (parsed === undefined) continue;
    const isDone = done.includes(parsed);
    const statements = importsOf(parsed).filter(each => each.source.value.startsWith(from));
    const names = statements.flatMap(each => each.specifiers.map(specifier => specifier.local.name));
    if (!isDone && !names.every(name => types.has(name))) {
      app.notes.push(
        `'${file}' keeps ${from === driver ? 'postgres.js' : from}: it runs beside the app, as the owner of the tables (OWNER_DATABASE_URL).`,
      );
      continue;
    }
    for (const statement of isDone ? [] : statements)
      app.edits.replace(
        parsed,
        statement.source,
        quotedLike(parsed, statement, statement.source.value.replace(from, 'drizzle-orm/node-postgres')),
      );
    for (const name of names.filter(each => types.has(each)))
      for (const node of findAll(
        parsed.program,
        (each): each is Node => each.type === 'Identifier' && each.name === name,
      ))
        if (!sameSpanAsImported(parsed, node)) app.edits.replace(parsed, node, types.get(name) ?? name);
  }
}

// `import { A }` has one name in two nodes.
function sameSpanAsImported(parsed: ParsedFile, node: Node): boolean {
  const parent = parsed.parentOf(node);
  return (
    parent?.type === 'ImportSpecifier' &&
    parent.local === node &&
    parent.imported.start === node.start &&
    parent.imported !== node
  );
}

/** Takes postgres.js out of the dependencies where nothing imports it any more. */
export function dropUnused(app: GuardedApp, done: readonly ParsedFile[]): void {
  if (done.length === 0) return;
  const stays = app.set.files.some(file => {
    const parsed = done.find(each => each.file === file);
    const mentions = /from ['"](?:postgres|drizzle-orm\/postgres-js[\w/]*)['"]/.test(app.texts.read(file) ?? '');
    return mentions && (parsed === undefined || !gaveUp(app, parsed));
  });
  if (!stays) app.packages.drop.add('postgres');
}

/** Whether the import of postgres.js is taken out of a file. */
function gaveUp(app: GuardedApp, parsed: ParsedFile): boolean {
  const library = importOf(parsed, 'postgres');
  return (
    library === undefined ||
    app.edits.edits().some(edit => edit.file === parsed.file && edit.start === library.start && edit.end >= library.end)
  );
}
