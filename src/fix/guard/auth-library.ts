import type { CallExpression, Node } from 'oxc-parser';
import type { Place } from '../../core/place.ts';
import { originOf } from '../source/bindings.ts';
import { calleeName, findAll, functionsAround, isCall, keyName, lineAt, textOf } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { topLevelFunctions } from '../source/source-set.ts';
import type { GuardedApp } from './app.ts';
import { tenantNames } from './tenant-names.ts';
import { ownSession } from './own-session.ts';
import type { OwnSession } from './own-session.ts';
import { variableOf } from './references.ts';

/** The library by which the app knows who is signed in, and the name by which it is asked. */
export type AuthLibrary =
  | {
      readonly kind: 'better-auth' | 'auth-js' | 'next-auth' | 'supabase';
      readonly file: string;
      readonly name: string;
    }
  | { readonly kind: 'clerk' }
  | IronSession
  | OwnSession;

/** A function of the app that opens the seal, and what is in it. */
export interface IronSession {
  readonly kind: 'iron-session';
  readonly file: string;
  readonly name: string;
  /** The names of the session's fields. */
  readonly fields: readonly string[];
}

/** Which library it is; nothing where the app has none that is known, or keeps it where nobody else can ask it. */
export function authLibrary(app: GuardedApp, tenantColumn: string): AuthLibrary | undefined {
  const files = [...app.running].flatMap(file => {
    const text = app.texts.read(file) ?? '';
    return /better-auth|next-auth|@clerk\/nextjs|@supabase\/ssr|iron-session/.test(text)
      ? (app.set.parsed(file) ?? [])
      : [];
  });
  return (
    first(files, parsed => betterAuth(app, parsed)) ??
    first(files, parsed => authJs(app, parsed)) ??
    first(files, parsed => nextAuth(parsed)) ??
    first(files, parsed => ironSession(app, parsed)) ??
    first(files, parsed => supabase(parsed)) ??
    (files.some(parsed => /['"]@clerk\/nextjs\/server['"]/.test(parsed.text))
      ? { kind: 'clerk' as const }
      : undefined) ??
    ownSession(app, tenantNames(tenantColumn))
  );
}

/** The parts of a file that the auth library runs, before anybody is signed in. */
export function authParts(app: GuardedApp, parsed: ParsedFile): readonly Node[] {
  const calls = findAll(parsed.program, isCall).filter(
    call => isFrom(app, parsed, call, 'better-auth') || isFrom(app, parsed, call, 'next-auth'),
  );
  const typed = findAll(parsed.program, (node): node is Node => isOptions(parsed, node));
  return [...calls, ...typed, ...signIns(app, parsed)];
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
function isOptions(parsed: ParsedFile, node: Node): boolean {
  if (node.type !== 'VariableDeclarator' || node.init === null) return false;
  const type = /\b(?:NextAuthOptions|NextAuthConfig|AuthOptions|AuthConfig|BetterAuthOptions)\b/;
  if (node.init.type === 'TSSatisfiesExpression' || node.init.type === 'TSAsExpression')
    return type.test(textOf(parsed, node.init.typeAnnotation));
  const { id } = node;
  return id.type === 'Identifier' && type.test(textOf(parsed, id));
}

function isFrom(app: GuardedApp, parsed: ParsedFile, call: CallExpression, from: string): boolean {
  if (call.callee.type !== 'Identifier') return false;
  const declared = app.set.declarationOf(parsed.file, call.callee.name);
  if (declared?.kind !== 'package' || declared.package.split('/')[0] !== from) return false;
  return declared.name === 'betterAuth' || declared.name === 'default';
}

function first<T>(files: readonly ParsedFile[], find: (parsed: ParsedFile) => T | undefined): T | undefined {
  for (const parsed of files) {
    const found = find(parsed);
    if (found !== undefined) return found;
  }
  return undefined;
}

function betterAuth(app: GuardedApp, parsed: ParsedFile): AuthLibrary | undefined {
  const call = findAll(parsed.program, isCall).find(each => isFrom(app, parsed, each, 'better-auth'));
  const variable = call === undefined ? undefined : variableOf(parsed, call);
  return variable === undefined ? undefined : { kind: 'better-auth', ...variable };
}

/** `export const { handlers, auth } = NextAuth(…)` */
function authJs(app: GuardedApp, parsed: ParsedFile): AuthLibrary | undefined {
  for (const node of findAll(parsed.program, (each): each is Node => each.type === 'VariableDeclarator')) {
    if (node.type !== 'VariableDeclarator' || node.id.type !== 'ObjectPattern' || node.init === null) continue;
    if (!isCall(node.init) || !isFrom(app, parsed, node.init, 'next-auth')) continue;
    for (const property of node.id.properties)
      if (property.type === 'Property' && keyName(property.key) === 'auth' && property.value.type === 'Identifier')
        return { kind: 'auth-js', file: parsed.file, name: property.value.name };
  }
  return undefined;
}

function nextAuth(parsed: ParsedFile): AuthLibrary | undefined {
  const options = findAll(parsed.program, (node): node is Node => isOptions(parsed, node)).find(
    node => node.type === 'VariableDeclarator',
  );
  if (options?.type !== 'VariableDeclarator' || options.id.type !== 'Identifier') return undefined;
  const isPublic = new RegExp(`export const ${options.id.name}\\b`).test(parsed.text);
  return isPublic && /['"]next-auth/.test(parsed.text)
    ? { kind: 'next-auth', file: parsed.file, name: options.id.name }
    : undefined;
}

function supabase(parsed: ParsedFile): AuthLibrary | undefined {
  if (!/\bcreateServerClient\b/.test(parsed.text) || !/next\/headers/.test(parsed.text)) return undefined;
  const name = exported(parsed, /\bcreateServerClient\b/);
  return name === undefined ? undefined : { kind: 'supabase', file: parsed.file, name };
}

function ironSession(app: GuardedApp, parsed: ParsedFile): AuthLibrary | undefined {
  const name = exported(parsed, /\bgetIronSession\b/);
  if (name === undefined) return undefined;
  const type = /getIronSession<\s*(\w+)\s*>/.exec(parsed.text)?.[1];
  return {
    kind: 'iron-session',
    file: parsed.file,
    name,
    fields: type === undefined ? [] : fieldsOf(app, parsed, type),
  };
}

/** The exported function without parameters that calls it. */
function exported(parsed: ParsedFile, calls: RegExp): string | undefined {
  return [...topLevelFunctions(parsed)].find(
    ([name, body]) =>
      body.params.length === 0 &&
      calls.test(textOf(parsed, body)) &&
      new RegExp(`export (?:async function|function|const) ${name}\\b`).test(parsed.text),
  )?.[0];
}

function fieldsOf(app: GuardedApp, parsed: ParsedFile, type: string): readonly string[] {
  const files = [parsed.file, ...app.set.files];
  for (const file of files) {
    const body = new RegExp(`(?:interface ${type}\\b[^{]*|type ${type}\\s*=\\s*)\\{([^}]*)\\}`).exec(
      app.texts.read(file) ?? '',
    );
    if (body?.[1] !== undefined) return [...body[1].matchAll(/(\w+)\??\s*:/g)].map(match => match[1] ?? '');
  }
  return [];
}
