import type { CallExpression, Node } from 'oxc-parser';
import type { Place } from '../../core/place.ts';
import { originOf } from '../source/bindings.ts';
import { importsOf } from '../source/edit-set.ts';
import { calleeName, findAll, functionsAround, isCall, lineAt, textOf } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { topLevelFunctions } from '../source/source-set.ts';
import type { GuardedApp } from './app.ts';

/** The parts of a file that the auth library runs, before anybody is signed in. */
export function authParts(app: GuardedApp, parsed: ParsedFile): readonly Node[] {
  const makers = makersOf(app).filter(maker => maker.parsed === parsed);
  const all = [...ownParts(app, parsed), ...makers.map(({ body }) => body), ...signIns(app, parsed)];
  return all.filter(
    (part, index) =>
      !all.some((other, at) => {
        const isAround = other.start <= part.start && part.end <= other.end;
        return isAround && (at < index || other.start < part.start || part.end < other.end);
      }),
  );
}

/** The files in which such parts may be. */
export function authFiles(app: GuardedApp): readonly ParsedFile[] {
  const named = app.set.files.filter(
    file => app.running.has(file) && /better-auth|next-auth|@auth\/|\.save\(/.test(app.texts.read(file) ?? ''),
  );
  const makers = makersOf(app).map(({ parsed }) => parsed.file);
  return [...new Set([...named, ...makers])].flatMap(file => app.set.parsed(file) ?? []);
}

/** Whether a library asks the app's database before anybody is signed in, also one whose session nobody can be asked for. */
export function hasAuthParts(app: GuardedApp): boolean {
  return authFiles(app).some(parsed => authParts(app, parsed).length > 0);
}

/** Calls of the library and of its adapters, and options that say so by their type. */
function ownParts(app: GuardedApp, parsed: ParsedFile): readonly Node[] {
  const adapted = findAll(parsed.program, isCall).filter(call => isAdapter(parsed, call));
  return [...libraryCalls(app, parsed), ...adapted, ...typedOptions(parsed)];
}

function libraryCalls(app: GuardedApp, parsed: ParsedFile): readonly CallExpression[] {
  return findAll(parsed.program, isCall).filter(
    call => isFrom(app, parsed, call, 'better-auth') || isFrom(app, parsed, call, 'next-auth'),
  );
}

function typedOptions(parsed: ParsedFile): readonly Node[] {
  return findAll(parsed.program, (node): node is Node => isOptions(parsed, node));
}

/** `PrismaAdapter(prisma)` of `@auth/prisma-adapter`, `drizzleAdapter(db)` of better-auth. */
function isAdapter(parsed: ParsedFile, call: CallExpression): boolean {
  const name = call.callee.type === 'Identifier' ? call.callee.name : undefined;
  return importsOf(parsed).some(
    each => adapters.test(each.source.value) && each.specifiers.some(one => one.local.name === name),
  );
}

const adapters = /^(?:@auth\/[\w-]+-adapter|@next-auth\/[\w-]+-adapter|better-auth\/adapters\/[\w-]+)$/;

interface Maker {
  readonly parsed: ParsedFile;
  readonly body: Node;
}

const knownMakers = new WeakMap<GuardedApp, readonly Maker[]>();

/** Functions of the app that make the library's options: it calls them, or is given what they make. */
function makersOf(app: GuardedApp): readonly Maker[] {
  const known = knownMakers.get(app);
  if (known !== undefined) return known;
  const makers = [...app.running].flatMap(file => {
    if (!/better-auth|next-auth/.test(app.texts.read(file) ?? '')) return [];
    const parsed = app.set.parsed(file);
    return parsed === undefined ? [] : givenNames(app, parsed).flatMap(name => makerOf(app, parsed, name, 3));
  });
  knownMakers.set(app, makers);
  return makers;
}

/** What the library is given by name: `NextAuth(options)`, `NextAuth(optionsFor(request))`. */
export function givenNames(app: GuardedApp, parsed: ParsedFile): readonly string[] {
  const values = typedOptions(parsed).flatMap(node =>
    node.type === 'VariableDeclarator' && node.init !== null ? [node.init] : [],
  );
  return [...libraryCalls(app, parsed).flatMap(call => call.arguments), ...values].flatMap(nameIn);
}

function nameIn(value: Node): readonly string[] {
  switch (value.type) {
    case 'Identifier':
      return [value.name];
    case 'CallExpression':
      return nameIn(value.callee);
    case 'AwaitExpression':
      return nameIn(value.argument);
    case 'SpreadElement':
      return nameIn(value.argument);
    case 'TSSatisfiesExpression':
    case 'TSAsExpression':
      return nameIn(value.expression);
    case 'ObjectExpression':
      return value.properties.flatMap(each => (each.type === 'SpreadElement' ? nameIn(each) : []));
    default:
      return [];
  }
}

/** The function of that name, or what a variable of that name is made of. */
function makerOf(app: GuardedApp, from: ParsedFile, name: string, depth: number): readonly Maker[] {
  const declared = app.set.declarationOf(from.file, name);
  const parsed = declared?.kind === 'local' ? app.set.parsed(declared.file) : undefined;
  if (declared === undefined || parsed === undefined) return [];
  const body = topLevelFunctions(parsed).get(declared.name);
  if (body !== undefined) return [{ parsed, body }];
  const variables = findAll(
    parsed.program,
    (node): node is Node =>
      node.type === 'VariableDeclarator' && node.id.type === 'Identifier' && node.id.name === declared.name,
  );
  return variables.flatMap(node => {
    if (node.type !== 'VariableDeclarator' || node.init === null) return [];
    const own = node.init.type === 'ObjectExpression' ? [{ parsed, body: node.init }] : [];
    return [...own, ...(depth > 0 ? nameIn(node.init).flatMap(each => makerOf(app, parsed, each, depth - 1)) : [])];
  });
}

/** Whether a line is in a part that the auth library runs, with a database of its own. */
export function isOfAuth(app: GuardedApp, { file, line }: Place): boolean {
  const parsed = app.set.parsed(file);
  if (parsed === undefined) return false;
  return authParts(app, parsed).some(part => lineAt(parsed, part.start) <= line && line <= lineAt(parsed, part.end));
}

/** Functions that seal a session of iron-session: who is to be in it is looked up there. */
function signIns(app: GuardedApp, parsed: ParsedFile): readonly Node[] {
  return findAll(parsed.program, isCall).flatMap(call => {
    const object = call.callee.type === 'MemberExpression' ? call.callee.object : undefined;
    if (calleeName(call) !== 'save' || object?.type !== 'Identifier') return [];
    const origin = originOf(parsed, object);
    const opens = origin.kind === 'call' && opensSeal(app, parsed, origin.call);
    return opens ? (functionsAround(parsed, call).at(-1) ?? []) : [];
  });
}

function opensSeal(app: GuardedApp, parsed: ParsedFile, call: CallExpression): boolean {
  const name = calleeName(call);
  if (name === 'getIronSession') return true;
  const declared = name === undefined ? undefined : app.set.declarationOf(parsed.file, name);
  const home = declared?.kind === 'local' ? app.set.parsed(declared.file) : undefined;
  const body = declared === undefined || home === undefined ? undefined : topLevelFunctions(home).get(declared.name);
  return home !== undefined && body !== undefined && /\bgetIronSession\b/.test(textOf(home, body));
}

/** `export const authOptions: NextAuthOptions = …`, `{ … } satisfies NextAuthConfig`. */
export function isOptions(parsed: ParsedFile, node: Node): boolean {
  if (node.type !== 'VariableDeclarator' || node.init === null) return false;
  const type = /\b(?:NextAuthOptions|NextAuthConfig|AuthOptions|AuthConfig|BetterAuthOptions)\b/;
  if (node.init.type === 'TSSatisfiesExpression' || node.init.type === 'TSAsExpression')
    return type.test(textOf(parsed, node.init.typeAnnotation));
  const { id } = node;
  return id.type === 'Identifier' && type.test(textOf(parsed, id));
}

/** Whether a call is the library's own: `NextAuth(…)`, `betterAuth(…)`. */
export function isFrom(app: GuardedApp, parsed: ParsedFile, call: CallExpression, from: string): boolean {
  if (call.callee.type !== 'Identifier') return false;
  const declared = app.set.declarationOf(parsed.file, call.callee.name);
  if (declared?.kind !== 'package' || declared.package.split('/')[0] !== from) return false;
  return declared.name === 'betterAuth' || declared.name === 'default';
}
