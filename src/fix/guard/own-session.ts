import type { Node } from 'oxc-parser';
import { findAll, isCall, textOf } from '../source/parsed-file.ts';
import type { FunctionNode, ParsedFile } from '../source/parsed-file.ts';
import { topLevelFunctions } from '../source/source-set.ts';
import type { GuardedApp } from './app.ts';
import { databasesOf } from './databases.ts';
import { referencesOf } from './references.ts';

/** A function of the app that reads its cookie and verifies it, without asking the database. */
export interface OwnSession {
  readonly kind: 'own';
  readonly file: string;
  readonly name: string;
  /** Where the id of the user is in what it gives: `user`, `id`. */
  readonly user: readonly string[];
  readonly tenant: readonly string[] | undefined;
}

/** Libraries whose answer was signed or sealed by the server, and what opens it. */
const verifiers = new Map([
  ['jose', ['jwtVerify', 'jwtDecrypt', 'compactVerify']],
  ['jsonwebtoken', ['verify']],
  ['iron-session', ['unsealData']],
  ['@hapi/iron', ['unseal']],
]);

/** The app's own session, where one exported function without parameters gives it and its type says who the user is. */
export function ownSession(app: GuardedApp, tenantNames: readonly string[]): OwnSession | undefined {
  for (const file of app.running) {
    const text = app.texts.read(file) ?? '';
    const parsed = /next\/headers/.test(text) && /\bcookies\b/.test(text) ? app.set.parsed(file) : undefined;
    for (const [name, body] of parsed === undefined ? [] : topLevelFunctions(parsed)) {
      const found = parsed === undefined ? undefined : sessionIn(app, { parsed, name, body }, tenantNames);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

interface Candidate {
  readonly parsed: ParsedFile;
  readonly name: string;
  readonly body: FunctionNode;
}

function sessionIn(app: GuardedApp, candidate: Candidate, tenantNames: readonly string[]): OwnSession | undefined {
  const { parsed, name, body } = candidate;
  const isOffered = new RegExp(`export (?:async function|function|const) ${name}\\b`).test(parsed.text);
  if (!isOffered || body.params.length > 0 || !/\bcookies\(\)/.test(textOf(parsed, body))) return undefined;
  const opened = [candidate, ...calledBy(app, candidate)];
  if (!opened.some(each => verifies(app, each)) || opened.some(each => asksDatabase(app, each))) return undefined;
  const types = opened.flatMap(each => typeNames(each.parsed, each.body));
  for (const fields of types.map(type => fieldsOfType(app, parsed, type))) {
    const user = pathTo(fields, ['userId', 'user_id', 'uid', 'sub', 'id']);
    if (user !== undefined) return { kind: 'own', file: parsed.file, name, user, tenant: pathTo(fields, tenantNames) };
  }
  return undefined;
}

/** The app's functions that a function calls. */
function calledBy(app: GuardedApp, { parsed, body }: Candidate): readonly Candidate[] {
  return findAll(body, isCall).flatMap(call => {
    if (call.callee.type !== 'Identifier') return [];
    const declared = app.set.declarationOf(parsed.file, call.callee.name);
    const home = declared?.kind === 'local' ? app.set.parsed(declared.file) : undefined;
    const found = declared === undefined || home === undefined ? undefined : topLevelFunctions(home).get(declared.name);
    return home === undefined || declared === undefined || found === undefined
      ? []
      : [{ parsed: home, name: declared.name, body: found }];
  });
}

function verifies(app: GuardedApp, { parsed, body }: Candidate): boolean {
  return findAll(body, isCall).some(call => {
    const { callee } = call;
    const root = callee.type === 'MemberExpression' ? callee.object : callee;
    if (root.type !== 'Identifier') return false;
    const declared = app.set.declarationOf(parsed.file, root.name);
    const known = declared?.kind === 'package' ? verifiers.get(declared.package) : undefined;
    const name =
      callee.type === 'MemberExpression' && callee.property.type === 'Identifier'
        ? callee.property.name
        : declared?.name;
    return known !== undefined && name !== undefined && known.includes(name);
  });
}

/** While the session is looked up nobody is asking: a session that lies in the database needs a pool of its own. */
function asksDatabase(app: GuardedApp, { parsed, body }: Candidate): boolean {
  return databasesOf(app).some(({ variable }) =>
    referencesOf(app, variable).some(
      use => use.parsed === parsed && body.start <= use.node.start && use.node.end <= body.end,
    ),
  );
}

/** `payload as SessionData`, `jwtVerify<SessionData>`, `Promise<SessionData | null>`. */
function typeNames(parsed: ParsedFile, body: FunctionNode): readonly string[] {
  return findAll(body, (node): node is Node => node.type === 'TSTypeReference').flatMap(node =>
    node.type === 'TSTypeReference' && node.typeName.type === 'Identifier' && node.typeName.name !== 'Promise'
      ? [textOf(parsed, node.typeName)]
      : [],
  );
}

type Fields = ReadonlyMap<string, Fields | undefined>;

function fieldsOfType(app: GuardedApp, from: ParsedFile, name: string): Fields {
  for (const file of [from.file, ...app.set.files]) {
    if (!new RegExp(`(?:interface|type) ${name}\\b`).test(app.texts.read(file) ?? '')) continue;
    const parsed = app.set.parsed(file);
    const declared = parsed === undefined ? undefined : declarationOf(parsed, name);
    if (declared !== undefined) return fieldsIn(declared);
  }
  return new Map();
}

function declarationOf(parsed: ParsedFile, name: string): Node | undefined {
  return findAll(
    parsed.program,
    (node): node is Node => node.type === 'TSInterfaceDeclaration' || node.type === 'TSTypeAliasDeclaration',
  ).find(
    node => (node.type === 'TSInterfaceDeclaration' || node.type === 'TSTypeAliasDeclaration') && node.id.name === name,
  );
}

/** The properties of the outermost object type, and of those in it. */
function fieldsIn(node: Node): Fields {
  const [members] = findAll(
    node,
    (each): each is Node => each.type === 'TSInterfaceBody' || each.type === 'TSTypeLiteral',
  );
  const listed =
    members?.type === 'TSInterfaceBody' ? members.body : members?.type === 'TSTypeLiteral' ? members.members : [];
  return new Map(
    listed.flatMap(each => {
      if (each.type !== 'TSPropertySignature' || each.key.type !== 'Identifier' || each.optional) return [];
      const type = each.typeAnnotation?.typeAnnotation;
      return [[each.key.name, type?.type === 'TSTypeLiteral' ? fieldsIn(type) : undefined] as const];
    }),
  );
}

/** The path to the first of these names, at the top or one level below; `id` means the user only below one. */
function pathTo(fields: Fields, names: readonly string[]): readonly string[] | undefined {
  const top = names.find(name => name !== 'id' && fields.has(name));
  if (top !== undefined) return [top];
  for (const [outer, inner] of fields) {
    const name = inner === undefined ? undefined : names.find(each => inner.has(each));
    if (name !== undefined && /user|account|member/i.test(outer)) return [outer, name];
  }
  return undefined;
}
