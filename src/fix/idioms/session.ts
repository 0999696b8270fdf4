import type { CallExpression, Expression, Node } from 'oxc-parser';
import type { TenancyModel } from '../../model/tenancy/types.ts';
import { bindingOf, callsOf, freeNames, originOf, parameterPattern, parameterType } from '../source/bindings.ts';
import type { Origin } from '../source/bindings.ts';
import type { CodeTable } from '../source/code-tables.ts';
import { importsOf } from '../source/edit-set.ts';
import type { ImportNeed } from '../source/edit-set.ts';
import {
  ancestors,
  calleeName,
  findAll,
  isCall,
  keyName,
  memberChain,
  stringValue,
  textOf,
  unwrap,
} from '../source/parsed-file.ts';
import type { FunctionNode, ParsedFile } from '../source/parsed-file.ts';
import type { SourceSet } from '../source/source-set.ts';
import { topLevelFunctions } from '../source/source-set.ts';
import { entryKindOf } from './entry.ts';
import type { EntryForm } from './entry.ts';
import { membershipTables } from '../../model/tenancy/memberships.ts';

/** What of the caller is asked for: the tenant they work in, or themselves. */
export type Wanted = 'tenant' | 'user';

/** How this app learns who is asking, as its own code does it elsewhere. */
export interface SessionIdioms {
  /** Statements that siblings write to get at the session, best first. */
  readonly snippets: readonly SessionSnippet[];
  /** Wrappers that hand the session to the handler they are given. */
  readonly wrappers: readonly SessionWrapper[];
  /** Types of parameters that carry the session, with the way to the wanted value. */
  readonly types: ReadonlyMap<string, Partial<Record<Wanted, readonly string[]>>>;
  /** Whether a call gives the session, and by which path the wanted value is reached. */
  readonly pathIn: (parsed: ParsedFile, call: CallExpression, wanted: Wanted) => readonly string[] | undefined;
  /** Whether the call asks a library, directly or over helpers, who is signed in. */
  readonly asksWho: (parsed: ParsedFile, call: CallExpression) => boolean;
}

/** `const viewer = await requireViewer();`, with the guard that follows it and the value that siblings take from it. */
export interface SessionSnippet {
  readonly wanted: Wanted;
  readonly form: EntryForm;
  readonly file: string;
  readonly statement: string;
  /** `if (!viewer) return refuse();` where siblings write it. */
  readonly guard: string | undefined;
  /** `viewer.accountId` */
  readonly value: string;
  /** Names that the snippet brings into the function. */
  readonly binds: readonly string[];
  readonly imports: readonly ImportNeed[];
  /** Names of the sibling's parameters in the snippet, by position. */
  readonly parameters: ReadonlyMap<string, number>;
  readonly uses: number;
}

/** `withViewer(async ({ viewer }) => …)`: where in the handler's first parameter the value is. */
export interface SessionWrapper {
  readonly wanted: Wanted;
  readonly name: string;
  readonly index: number;
  readonly path: readonly string[];
}

const identityCalls = new Set([
  'getSession',
  'getServerSession',
  'getUser',
  'getClaims',
  'currentUser',
  'getAuth',
  'getIronSession',
  'jwtVerify',
  'verifyIdToken',
  'getFullOrganization',
  'getActiveMember',
]);
const helperDepth = 4;
// An API key's row says whose request it is, as a session does.
const readsCredential = /headers\s*\.\s*get\(\s*['"`](?:authorization|x-api-key)/i;

/** Learns from the whole app how the caller's tenant and user are found where a query is scoped by them. */
export function learnSessions(input: {
  readonly sources: SourceSet;
  readonly tables: readonly CodeTable[];
  readonly tenancy: TenancyModel;
}): SessionIdioms {
  const { sources } = input;
  const memory = new Map<string, boolean>();
  const asksWho = (parsed: ParsedFile, call: CallExpression) => reachesIdentity({ sources, memory }, parsed, call, 0);
  const properties = ownerProperties(input);
  const snippets: SessionSnippet[] = [];
  const wrappers: SessionWrapper[] = [];
  const types = new Map<string, Partial<Record<Wanted, readonly string[]>>>();
  const paths = new Map<string, Partial<Record<Wanted, readonly string[]>>>();
  for (const file of sources.files) {
    const text = sources.read(file) ?? '';
    if (![...properties.keys()].some(name => text.includes(name))) continue;
    const parsed = sources.parsed(file);
    if (parsed === undefined) continue;
    for (const use of scopedValues(parsed, properties)) {
      const origin = originOf(parsed, use.value);
      learnFrom({ sources, asksWho, parsed, use, origin }, { snippets, wrappers, types, paths }, 0);
    }
  }
  const pathIn: SessionIdioms['pathIn'] = (parsed, call, wanted) => {
    const key = calleeKey(sources, parsed, call);
    const direct = key === undefined ? undefined : paths.get(key)?.[wanted];
    if (direct !== undefined || !asksWho(parsed, call)) return direct;
    const type = returnedType(sources, parsed, call);
    return type === undefined ? undefined : types.get(type)?.[wanted];
  };
  // A helper whose answer is known by now is asked in more places than those that scope a query with it.
  for (const file of sources.files) {
    const parsed = sources.parsed(file);
    if (parsed === undefined) continue;
    for (const declarator of findAll(parsed.program, node => node.type === 'VariableDeclarator')) {
      const call = declarator.init === null ? undefined : unwrap(declarator.init);
      if (call === undefined || !isCall(call)) continue;
      for (const wanted of ['tenant', 'user'] as const) {
        const path = pathIn(parsed, call, wanted);
        const snippet =
          path === undefined ? undefined : snippetOf(sources, wanted, { kind: 'call', parsed, call, declarator, path });
        if (snippet !== undefined) snippets.push(snippet);
      }
    }
  }
  return { snippets: mergeSnippets(snippets), wrappers, types, asksWho, pathIn };
}

interface ScopedValue {
  readonly wanted: Wanted;
  readonly value: Expression;
}

interface Learned {
  readonly snippets: SessionSnippet[];
  readonly wrappers: SessionWrapper[];
  readonly types: Map<string, Partial<Record<Wanted, readonly string[]>>>;
  readonly paths: Map<string, Partial<Record<Wanted, readonly string[]>>>;
}

// Properties (and SQL names) of the columns that hold a tenant's or a user's key.
function ownerProperties({
  tables,
  tenancy,
}: {
  readonly tables: readonly CodeTable[];
  readonly tenancy: TenancyModel;
}): ReadonlyMap<string, Wanted> {
  const found = new Map<string, Wanted>();
  const add = (table: string, column: string, wanted: Wanted) => {
    found.set(column, wanted);
    const property = tables.find(each => each.table === table)?.properties.get(column);
    if (property !== undefined) found.set(property, wanted);
  };
  for (const owner of tenancy.owners) {
    if (owner.ownership.kind !== 'tenant' && owner.ownership.kind !== 'user') continue;
    const [hop] = owner.ownership.path;
    if (owner.ownership.path.length === 1) add(owner.table, hop.column, owner.ownership.kind);
  }
  for (const membership of membershipTables(tenancy)) {
    add(membership.table, membership.tenantColumn, 'tenant');
    add(membership.table, membership.userColumn, 'user');
  }
  found.delete('id');
  return found;
}

// `eq(notes.accountId, X)`, `.eq('org_id', X)`, `{ accountId: X }`: every X that scopes something.
function scopedValues(parsed: ParsedFile, properties: ReadonlyMap<string, Wanted>): readonly ScopedValue[] {
  const found: ScopedValue[] = [];
  for (const call of findAll(parsed.program, isCall)) {
    if (calleeName(call) !== 'eq') continue;
    const [left, right] = call.arguments;
    if (left === undefined || right === undefined || left.type === 'SpreadElement' || right.type === 'SpreadElement')
      continue;
    const name = stringValue(left) ?? memberChain(left)?.names.at(-1);
    const wanted = name === undefined ? undefined : properties.get(name);
    if (wanted !== undefined) found.push({ wanted, value: right });
  }
  for (const object of findAll(parsed.program, node => node.type === 'ObjectExpression')) {
    for (const property of object.properties) {
      if (
        property.type !== 'Property' ||
        (property.value.type !== 'MemberExpression' && property.value.type !== 'Identifier')
      )
        continue;
      const name = keyName(property.key);
      const wanted = name === undefined ? undefined : properties.get(name);
      if (wanted !== undefined) found.push({ wanted, value: property.value });
    }
  }
  return found;
}

interface Lesson {
  readonly sources: SourceSet;
  readonly asksWho: (parsed: ParsedFile, call: CallExpression) => boolean;
  readonly parsed: ParsedFile;
  readonly use: ScopedValue;
  readonly origin: Origin;
}

function learnFrom(lesson: Lesson, learned: Learned, depth: number): boolean {
  const { origin, use, sources } = lesson;
  if (origin.kind === 'call') {
    if (!lesson.asksWho(origin.parsed, origin.call) || origin.path.length === 0) return false;
    const key = calleeKey(sources, origin.parsed, origin.call);
    if (key !== undefined) learned.paths.set(key, { [use.wanted]: origin.path, ...learned.paths.get(key) });
    const type = returnedType(sources, origin.parsed, origin.call);
    if (type !== undefined) learned.types.set(type, { [use.wanted]: origin.path, ...learned.types.get(type) });
    return true;
  }
  if (origin.kind !== 'parameter') return false;
  return learnFromWrapper(lesson, origin, learned) || learnFromCallers(lesson, origin, learned, depth);
}

// `Promise<Member | null>` says that a `Member` carries the session.
function returnedType(sources: SourceSet, parsed: ParsedFile, call: CallExpression): string | undefined {
  const callee = unwrap(call.callee);
  const declaration = callee.type === 'Identifier' ? sources.declarationOf(parsed.file, callee.name) : undefined;
  if (declaration?.kind !== 'local') return undefined;
  const target = sources.parsed(declaration.file);
  const body = target === undefined ? undefined : topLevelFunctions(target).get(declaration.name);
  if (target === undefined || body?.returnType === null || body?.returnType === undefined) return undefined;
  return /Promise<\s*([A-Z]\w*)\s*(?:\||>)/.exec(textOf(target, body.returnType))?.[1];
}

function learnFromWrapper(lesson: Lesson, origin: Extract<Origin, { kind: 'parameter' }>, learned: Learned): boolean {
  const outer = origin.parsed.parentOf(origin.function);
  if (outer === undefined || !isCall(outer) || origin.path.length === 0) return false;
  const name = calleeName(outer);
  if (name === undefined || !lesson.asksWho(origin.parsed, outer)) return false;
  learned.wrappers.push({ wanted: lesson.use.wanted, name, index: origin.index, path: origin.path });
  return true;
}

function learnFromCallers(
  lesson: Lesson,
  origin: Extract<Origin, { kind: 'parameter' }>,
  learned: Learned,
  depth: number,
): boolean {
  const name = nameOfFunction(origin.parsed, origin.function);
  if (name === undefined || depth > 2) return false;
  const calls = callsOf(lesson.sources, {
    file: origin.parsed.file,
    name,
    isMethod: isMethod(origin.parsed, origin.function),
  });
  let hits = 0;
  for (const { parsed, call } of calls) {
    const argument = call.arguments[origin.index];
    if (argument === undefined || argument.type === 'SpreadElement') continue;
    const inner = originOf(parsed, argument);
    const full = inner.kind === 'other' ? inner : { ...inner, path: [...inner.path, ...origin.path] };
    const value = full.kind === 'other' ? undefined : argument;
    if (
      value !== undefined &&
      learnFrom({ ...lesson, parsed, origin: full, use: { wanted: lesson.use.wanted, value } }, learned, depth + 1)
    )
      hits += 1;
  }
  const parameter = origin.function.params[origin.index];
  const type = parameter === undefined ? undefined : parameterType(parameter);
  if (hits > 0 && type !== undefined && origin.path.length > 0) {
    learned.types.set(type, { [lesson.use.wanted]: origin.path, ...learned.types.get(type) });
  }
  return hits > 0;
}

function snippetOf(
  sources: SourceSet,
  wanted: Wanted,
  origin: Extract<Origin, { kind: 'call' }>,
): SessionSnippet | undefined {
  const { parsed, declarator } = origin;
  if (declarator === undefined || declarator.init === null || unwrap(declarator.init) !== origin.call) return undefined;
  const declaration = parsed.parentOf(declarator);
  const block = declaration === undefined ? undefined : parsed.parentOf(declaration);
  if (declaration?.type !== 'VariableDeclaration' || declaration.declarations.length !== 1) return undefined;
  if (block?.type !== 'BlockStatement') return undefined;
  const value = valueText(declarator.id, origin.path);
  if (value === undefined) return undefined;
  const index = block.body.findIndex(statement => statement === declaration);
  const next = block.body[index + 1];
  const guard =
    next?.type === 'IfStatement' && isAbsenceGuard(next.test, boundNames(declarator.id)) && next.alternate === null
      ? next
      : undefined;
  const needs = importsFor(sources, parsed, guard === undefined ? [declaration] : [declaration, guard]);
  if (needs === undefined) return undefined;
  return {
    wanted,
    form: entryKindOf(parsed, declaration),
    file: parsed.file,
    statement: textOf(parsed, declaration),
    guard: guard === undefined ? undefined : textOf(parsed, guard),
    value,
    binds: boundNames(declarator.id),
    imports: needs.imports,
    parameters: needs.parameters,
    uses: 1,
  };
}

// `!viewer`, `!session?.user`, `member === null`
function isAbsenceGuard(test: Expression, names: readonly string[]): boolean {
  if (test.type === 'LogicalExpression') return isAbsenceGuard(test.left, names);
  const subject =
    test.type === 'UnaryExpression' && test.operator === '!'
      ? test.argument
      : test.type === 'BinaryExpression' && test.left.type !== 'PrivateIdentifier'
        ? test.left
        : undefined;
  const root = subject === undefined ? undefined : memberChain(subject)?.root;
  return root?.type === 'Identifier' && names.includes(root.name);
}

/** The text by which a value at `path` is reached through a pattern. */
export function valueText(pattern: Node, path: readonly string[]): string | undefined {
  if (pattern.type === 'Identifier') return [pattern.name, ...path].join('.');
  if (pattern.type !== 'ObjectPattern') return undefined;
  const [first, ...rest] = path;
  for (const property of pattern.properties) {
    if (property.type === 'Property' && keyName(property.key) === first) return valueText(property.value, rest);
  }
  return undefined;
}

/** The imports that a copied statement needs, and the names of the sibling's parameters in it; undefined when it uses other local names. */
export function importsFor(
  sources: SourceSet,
  parsed: ParsedFile,
  nodes: readonly Node[],
): { readonly imports: readonly ImportNeed[]; readonly parameters: ReadonlyMap<string, number> } | undefined {
  const imports: ImportNeed[] = [];
  const parameters = new Map<string, number>();
  const own = new Set(
    nodes.flatMap(node =>
      findAll(node, each => each.type === 'VariableDeclarator').flatMap(each => boundNames(each.id)),
    ),
  );
  for (const node of nodes) {
    for (const name of freeNames(node)) {
      if (own.has(name) || isGlobal(name)) continue;
      const imported = importOf(parsed, name);
      if (imported !== undefined) {
        const target = sources.resolve(parsed.file, imported.from);
        imports.push(target === undefined ? imported : { ...imported, from: `file:${target}` });
        continue;
      }
      const binding = bindingOf(parsed, node, name);
      if (binding.kind === 'parameter' && binding.path.length === 0) {
        parameters.set(name, binding.index);
        continue;
      }
      if (binding.kind === 'module' && topLevelFunctions(parsed).has(name) && isExported(parsed, name)) {
        imports.push({ name, from: `file:${parsed.file}` });
        continue;
      }
      return undefined;
    }
  }
  return { imports, parameters };
}

/** The names that a pattern binds. */
export function boundNames(pattern: Node): readonly string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name];
    case 'AssignmentPattern':
      return boundNames(pattern.left);
    case 'ObjectPattern':
      return pattern.properties.flatMap(property =>
        boundNames(property.type === 'Property' ? property.value : property.argument),
      );
    case 'ArrayPattern':
      return pattern.elements.flatMap(element => (element === null ? [] : boundNames(element)));
    default:
      return [];
  }
}

/** The name by which a function is called, where it has one. */
export function nameOfFunction(parsed: ParsedFile, node: FunctionNode): string | undefined {
  if (node.id !== null && node.id !== undefined) return node.id.name;
  for (const outer of ancestors(parsed, node)) {
    if (outer.type === 'VariableDeclarator') return outer.id.type === 'Identifier' ? outer.id.name : undefined;
    if (outer.type === 'MethodDefinition' || outer.type === 'PropertyDefinition' || outer.type === 'Property')
      return keyName(outer.key);
    if (!isCall(outer)) return undefined;
  }
  return undefined;
}

/** Whether a function is a member of a class or an object. */
export function isMethod(parsed: ParsedFile, node: FunctionNode): boolean {
  const parent = parsed.parentOf(node);
  return parent?.type === 'MethodDefinition' || parent?.type === 'PropertyDefinition' || parent?.type === 'Property';
}

function importOf(parsed: ParsedFile, name: string): ImportNeed | undefined {
  for (const declaration of importsOf(parsed)) {
    for (const specifier of declaration.specifiers) {
      if (specifier.local.name !== name) continue;
      return {
        name,
        from: declaration.source.value,
        ...(specifier.type === 'ImportDefaultSpecifier' ? { isDefault: true } : {}),
      };
    }
  }
  return undefined;
}

function isExported(parsed: ParsedFile, name: string): boolean {
  return parsed.program.body.some(statement => {
    if (statement.type !== 'ExportNamedDeclaration') return false;
    const { declaration } = statement;
    if (declaration?.type === 'FunctionDeclaration') return declaration.id?.name === name;
    return (
      declaration?.type === 'VariableDeclaration' &&
      declaration.declarations.some(each => boundNames(each.id).includes(name))
    );
  });
}

function isGlobal(name: string): boolean {
  return name === 'undefined' || Reflect.has(globalThis, name);
}

function mergeSnippets(snippets: readonly SessionSnippet[]): readonly SessionSnippet[] {
  const merged = new Map<string, SessionSnippet>();
  for (const snippet of snippets) {
    const key = [snippet.wanted, snippet.form, snippet.statement, snippet.guard ?? '', snippet.value].join('\n');
    const known = merged.get(key);
    merged.set(key, known === undefined ? snippet : { ...known, uses: known.uses + 1 });
  }
  return [...merged.values()].sort((left, right) => certainty(right) - certainty(left) || right.uses - left.uses);
}

// A library's own field may be empty; a helper that has asked already is better.
function certainty(snippet: SessionSnippet): number {
  return mayBeEmpty(snippet.value.split('.')) ? 0 : 1;
}

const optionalInLibraries = new Set(['activeOrganizationId', 'orgId', 'activeTeamId']);

/** Whether a library leaves this field of its session empty for a user who works in no tenant. */
export function mayBeEmpty(path: readonly string[]): boolean {
  return optionalInLibraries.has(path.at(-1) ?? '');
}

function calleeKey(sources: SourceSet, parsed: ParsedFile, call: CallExpression): string | undefined {
  const callee = unwrap(call.callee);
  if (callee.type === 'Identifier') {
    const declaration = sources.declarationOf(parsed.file, callee.name);
    if (declaration?.kind === 'local') return `${declaration.file}#${declaration.name}`;
    return declaration === undefined ? undefined : `${declaration.package}#${declaration.name}`;
  }
  const name = calleeName(call);
  return name !== undefined && identityCalls.has(name) ? `library#${name}` : undefined;
}

function reachesIdentity(
  world: { readonly sources: SourceSet; readonly memory: Map<string, boolean> },
  parsed: ParsedFile,
  call: CallExpression,
  depth: number,
): boolean {
  const name = calleeName(call);
  const callee = unwrap(call.callee);
  if (name === undefined) return false;
  if (callee.type === 'MemberExpression') return identityCalls.has(name);
  const declaration = world.sources.declarationOf(parsed.file, name);
  if (declaration === undefined) return false;
  if (declaration.kind === 'package')
    return (
      identityCalls.has(declaration.name) || (declaration.name === 'auth' && /auth|clerk/.test(declaration.package))
    );
  const key = `${declaration.file}#${declaration.name}`;
  const known = world.memory.get(key);
  if (known !== undefined || depth > helperDepth) return known ?? false;
  world.memory.set(key, false);
  const target = world.sources.parsed(declaration.file);
  const body = target === undefined ? undefined : topLevelFunctions(target).get(declaration.name);
  const reaches =
    target !== undefined &&
    body !== undefined &&
    (readsCredential.test(textOf(target, body)) ||
      findAll(body, isCall).some(inner => reachesIdentity(world, target, inner, depth + 1)));
  world.memory.set(key, reaches);
  return reaches;
}

/** The parameter of a function by position, when it is a plain name. */
export function parameterName(node: FunctionNode, index: number): string | undefined {
  const parameter = node.params[index];
  const pattern = parameter === undefined ? undefined : parameterPattern(parameter);
  return pattern?.type === 'Identifier' ? pattern.name : undefined;
}
