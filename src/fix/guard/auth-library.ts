import type { Node } from 'oxc-parser';
import { findAll, isCall, keyName, textOf } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { topLevelFunctions } from '../source/source-set.ts';
import type { GuardedApp } from './app.ts';
import { givenNames, isFrom, isOptions } from './auth-parts.ts';
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
    first(files, parsed => nextAuth(app, parsed)) ??
    first(files, parsed => ironSession(app, parsed)) ??
    first(files, parsed => supabase(parsed)) ??
    (files.some(parsed => /['"]@clerk\/nextjs\/server['"]/.test(parsed.text))
      ? { kind: 'clerk' as const }
      : undefined) ??
    ownSession(app, tenantNames(tenantColumn))
  );
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

/** The options that `getServerSession` is given: a variable that others can import. */
function nextAuth(app: GuardedApp, parsed: ParsedFile): AuthLibrary | undefined {
  const typed = findAll(parsed.program, (node): node is Node => isOptions(parsed, node)).flatMap(node =>
    node.type === 'VariableDeclarator' && node.id.type === 'Identifier'
      ? [{ file: parsed.file, name: node.id.name }]
      : [],
  );
  const given = givenNames(app, parsed).flatMap(name => {
    const declared = app.set.declarationOf(parsed.file, name);
    return declared?.kind === 'local' ? [{ file: declared.file, name: declared.name }] : [];
  });
  const options = [...typed, ...given].find(({ file, name }) =>
    new RegExp(`export const ${name}\\b(?!\\s*(?::[^=]*)?=\\s*(?:async\\s*)?(?:\\(|function|\\w+\\s*=>))`).test(
      app.texts.read(file) ?? '',
    ),
  );
  return options !== undefined && /['"]next-auth/.test(parsed.text) ? { kind: 'next-auth', ...options } : undefined;
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
