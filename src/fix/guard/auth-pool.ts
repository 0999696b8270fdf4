import { posix } from 'node:path';
import type { ImportDeclaration, Node } from 'oxc-parser';
import { importsOf } from '../source/edit-set.ts';
import { findAll, isCall, textOf } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { topLevelFunctions } from '../source/source-set.ts';
import { placeOf, relativePath, specifierOf } from './app.ts';
import type { GuardedApp } from './app.ts';
import { authFiles, authParts } from './auth-parts.ts';
import type { Database } from './databases.ts';
import { referencesOf } from './references.ts';

/** A file that is added to the app. */
export interface NewFile {
  readonly file: string;
  readonly text: string;
}

/** What the auth library works with after this. */
export interface AuthPools {
  readonly newFiles: readonly NewFile[];
  /** Databases that only the auth library uses: they change their role, and are no business of the guard. */
  readonly own: readonly Database[];
  /** Whether it asks the database of the app at all. */
  readonly asks: boolean;
}

/**
 * The auth library works before anybody is signed in, so that no scope can hold for it: it gets a pool of its own, whose
 * role sees users, memberships and its own tables, and no tenant's rows.
 */
export function separateAuth(app: GuardedApp, databases: readonly Database[]): AuthPools {
  const parts = authFiles(app).flatMap(parsed => {
    const found = authParts(app, parsed);
    return found.length === 0 ? [] : [{ parsed, parts: found }];
  });
  const own: Database[] = [];
  const newFiles: NewFile[] = [];
  for (const { parsed, parts: inside } of parts) ownAddress(app, parsed, inside);
  for (const database of databases) {
    const used = parts.flatMap(({ parsed, parts: inside }) => usesWithin(app, database, parsed, inside));
    if (used.length === 0) continue;
    const all = referencesOf(app, database.variable).filter(({ parsed, node }) => !isBuilding(parsed, node));
    const isSpare =
      parts.some(({ parsed }) => parsed === database.parsed) ||
      databases.some(other => other !== database && other.kind === database.kind);
    if (all.length === used.length && isSpare) {
      own.push(database);
      changeRole(app, database.parsed, database.node);
    } else newFiles.push(...replaceUses(app, database, used));
  }
  for (const { parsed, parts: inside } of parts) nameHelpers(app, parsed, inside, databases);
  return { newFiles, own, asks: parts.length > 0 };
}

interface Use {
  readonly parsed: ParsedFile;
  readonly node: Node;
}

function usesWithin(
  app: GuardedApp,
  { variable }: Database,
  parsed: ParsedFile,
  parts: readonly Node[],
): readonly Use[] {
  return referencesOf(app, variable).filter(
    use => use.parsed === parsed && parts.some(part => part.start <= use.node.start && use.node.end <= part.end),
  );
}

/** `globalForDb.pool = pool` and `drizzle(pool)` make no query. */
function isBuilding(parsed: ParsedFile, node: Node): boolean {
  const parent = parsed.parentOf(node);
  return parent?.type === 'AssignmentExpression' && parent.right === node;
}

/** `betterAuth({ database: new Pool({ connectionString: process.env.DATABASE_URL }) })` */
function ownAddress(app: GuardedApp, parsed: ParsedFile, parts: readonly Node[]): void {
  for (const part of parts)
    for (const node of findAll(part, (each): each is Node => each.type === 'NewExpression'))
      if (node.type === 'NewExpression' && textOf(parsed, node.callee).endsWith('Pool')) changeRole(app, parsed, node);
}

/** Whether a pool is made inside of what the auth library is given. */
export function isInAuth(app: GuardedApp, parsed: ParsedFile, node: Node): boolean {
  return authParts(app, parsed).some(part => part.start <= node.start && node.end <= part.end);
}

function changeRole(app: GuardedApp, parsed: ParsedFile, node: Node): void {
  const members = findAll(node, (each): each is Node => each.type === 'MemberExpression').filter(each =>
    /^(?:process\.)?env\.\w*(?:URL|URI|DSN)\w*$/i.test(textOf(parsed, each)),
  );
  for (const member of members) app.edits.replace(parsed, member, 'process.env.AUTH_DATABASE_URL', 'shared');
  if (members.length === 0)
    app.notes.push(`${placeOf(parsed, node)} is the auth library's: connect it as app_auth, with AUTH_DATABASE_URL.`);
}

function replaceUses(app: GuardedApp, database: Database, used: readonly Use[]): readonly NewFile[] {
  const { variable, parsed: home } = database;
  const name =
    variable.name === 'default' ? 'authDb' : `auth${variable.name.charAt(0).toUpperCase()}${variable.name.slice(1)}`;
  const file = posix.join(posix.dirname(variable.file), 'auth-db.ts');
  const text = authFile(app, database, { name, file });
  if (text === undefined || app.texts.read(file) !== undefined) {
    app.notes.push(
      `${used.map(({ parsed, node }) => placeOf(parsed, node)).join(', ')}: give the auth library a database of its own on AUTH_DATABASE_URL; it works before anybody is signed in.`,
    );
    return [];
  }
  for (const { parsed, node } of used) app.edits.replace(parsed, node, name);
  for (const parsed of new Set(used.map(use => use.parsed))) {
    const inside = used.filter(use => use.parsed === parsed).map(use => use.node);
    const rest = referencesOf(app, variable).filter(use => use.parsed === parsed && !inside.includes(use.node));
    const from = specifierOf(app, parsed, file);
    const imported = rest.length > 0 || parsed === home ? undefined : importedFrom(app, parsed, variable.file);
    if (imported?.specifiers.length === 1) {
      app.edits.replace(
        parsed,
        imported.specifiers[0] ?? imported,
        imported.specifiers[0]?.type === 'ImportDefaultSpecifier' ? `{ ${name} }` : name,
      );
      app.edits.replace(parsed, imported.source, textOf(parsed, imported.source).replace(imported.source.value, from));
    } else app.edits.import(parsed, { name, from });
  }
  return [{ file, text }];
}

function importedFrom(app: GuardedApp, parsed: ParsedFile, file: string): ImportDeclaration | undefined {
  return importsOf(parsed).find(each => app.set.resolve(parsed.file, each.source.value) === file);
}

function authFile(
  app: GuardedApp,
  database: Database,
  { name, file }: { readonly name: string; readonly file: string },
): string | undefined {
  const why =
    "/** The auth library works before anybody is signed in: its role sees users, memberships and its own tables, and no tenant's rows. */\n";
  const pool = 'rolePool(process.env.AUTH_DATABASE_URL, 5)';
  const opens = `import { rolePool } from '${relativePath(file, app.guardFile)}';`;
  switch (database.kind) {
    case 'drizzle': {
      const config = drizzleConfig(app, database);
      if (config === undefined) return undefined;
      const given = config.text === '' ? '' : `, ${config.text}`;
      const lines = ["import { drizzle } from 'drizzle-orm/node-postgres';", ...config.imports, opens];
      return `${lines.join('\n')}\n\n${why}export const ${name} = drizzle(${pool}${given});\n`;
    }
    case 'prisma': {
      const client = importsOf(database.parsed).find(each =>
        each.specifiers.some(one => one.local.name === 'PrismaClient'),
      );
      if (client === undefined || database.parsed.file !== database.variable.file) return undefined;
      return `import { PrismaPg } from '@prisma/adapter-pg';
${textOf(database.parsed, client)}

${why}export const ${name} = new PrismaClient({
  adapter: new PrismaPg({ connectionString: process.env.AUTH_DATABASE_URL, max: 5 }),
});
`;
    }
    case 'pg':
    case 'postgres-js':
      return `${opens}\n\n${why}export const ${name} = ${pool};\n`;
  }
}

/** What the app's own `drizzle()` is told beside its client, with the imports that it names. */
function drizzleConfig(
  app: GuardedApp,
  { parsed, node }: Database,
): { readonly text: string; readonly imports: readonly string[] } | undefined {
  const [first, second] = node.arguments;
  const given = first?.type === 'ObjectExpression' ? first : second;
  if (given === undefined) return { text: '', imports: [] };
  if (given.type !== 'ObjectExpression') return undefined;
  const kept = given.properties.filter(
    each =>
      !(
        each.type === 'Property' &&
        each.key.type === 'Identifier' &&
        /^(?:client|connection|logger)$/.test(each.key.name)
      ),
  );
  const names = kept.flatMap(each =>
    findAll(each, (inner): inner is Node => inner.type === 'Identifier').flatMap(inner =>
      inner.type === 'Identifier' ? [inner.name] : [],
    ),
  );
  const imports = importsOf(parsed).filter(each => each.specifiers.some(one => names.includes(one.local.name)));
  // What is declared beside the client cannot be imported from there without making that client, too.
  const isBeside = (name: string): boolean => {
    const declared = app.set.declarationOf(parsed.file, name);
    return declared?.kind === 'local' && declared.file === parsed.file;
  };
  if (names.some(isBeside)) return undefined;
  const text = kept.map(each => textOf(parsed, each)).join(', ');
  return { text: text === '' ? '' : `{ ${text} }`, imports: imports.map(each => textOf(parsed, each)) };
}

/** Functions of the app that the auth library calls ask the guarded database, and nobody is signed in yet. */
function nameHelpers(
  app: GuardedApp,
  parsed: ParsedFile,
  parts: readonly Node[],
  databases: readonly Database[],
): void {
  const named = new Set<string>();
  for (const call of parts.flatMap(part => findAll(part, isCall))) {
    if (call.callee.type !== 'Identifier' || named.has(call.callee.name)) continue;
    const declared = app.set.declarationOf(parsed.file, call.callee.name);
    const home = declared?.kind === 'local' ? app.set.parsed(declared.file) : undefined;
    const body = declared === undefined || home === undefined ? undefined : topLevelFunctions(home).get(declared.name);
    if (home === undefined || body === undefined) continue;
    const asks = databases.some(({ variable }) =>
      referencesOf(app, variable).some(
        use => use.parsed === home && body.start <= use.node.start && use.node.end <= body.end,
      ),
    );
    if (!asks) continue;
    named.add(call.callee.name);
    app.notes.push(
      `${placeOf(parsed, call)}: '${call.callee.name}' asks the app's database before anybody is signed in: give it the auth library's, or call it in asAdmin('sign-in', …).`,
    );
  }
}
