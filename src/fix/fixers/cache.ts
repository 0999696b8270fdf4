import type { Expression, Node } from 'oxc-parser';
import type { Finding } from '../../core/finding.ts';
import type { Draft, FixContext, Refused } from '../context.ts';
import { ownershipOf } from '../idioms/ownership.ts';
import { makeDynamic } from '../idioms/rendering.ts';
import { boundNames } from '../idioms/session.ts';
import { bindingOf, freeNames, parameterPattern } from '../source/bindings.ts';
import { createEditSet, styleOf } from '../source/edit-set.ts';
import type { EditSet } from '../source/edit-set.ts';
import {
  calleeName,
  findAll,
  functionsAround,
  isCall,
  isFunction,
  lineAt,
  memberChain,
  stringValue,
  textOf,
} from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { entryOf, requireSession } from './copied-guards.ts';
import { scopeSite } from './scope-query.ts';

/** Puts what identifies the tenant into the key of a cache. */
export function keyCache(finding: Finding, context: FixContext): Draft | Refused {
  const parsed = context.set.parsed(finding.file);
  if (parsed === undefined) return { refused: `'${finding.file}' cannot be parsed.` };
  const edits = createEditSet();
  const done = keyUnstableCache(edits, parsed, finding) ?? keyMap(context, edits, parsed, finding);
  if (done !== undefined) {
    return {
      title: `Keep what is cached in ${finding.file} apart by ${done}`,
      explanation: `The cached rows depend on '${done}', which was not part of the key: whoever asked first decided what everybody saw.`,
      edits: edits.edits(),
      basis: 'library',
    };
  }
  return keyByArgument(finding, context, parsed);
}

/** Makes an answer with personal rows one that only the asking browser may keep. */
export function privateCacheControl(finding: Finding, context: FixContext): Draft | Refused {
  const parsed = context.set.parsed(finding.file);
  if (parsed === undefined) return { refused: `'${finding.file}' cannot be parsed.` };
  const edits = createEditSet();
  const { quote } = styleOf(parsed);
  const shared = /\bpublic\b|s-maxage|max-age|stale-while-revalidate/;
  const literals = findAll(parsed.program, node => node.type === 'Literal' || node.type === 'TemplateLiteral').filter(
    node => {
      const text = stringValue(node) ?? (node.type === 'TemplateLiteral' ? textOf(parsed, node) : undefined);
      return text !== undefined && shared.test(text) && Math.abs(lineAt(parsed, node.start) - finding.line) <= 4;
    },
  );
  const nearest = [...literals].sort(
    (left, right) =>
      Math.abs(lineAt(parsed, left.start) - finding.line) - Math.abs(lineAt(parsed, right.start) - finding.line),
  )[0];
  if (nearest === undefined) return { refused: `No cache header was found at ${finding.file}:${finding.line}.` };
  edits.replace(parsed, nearest, `${quote}private, no-store${quote}`);
  return {
    title: `Keep the answer of ${finding.entryPoint ?? finding.file} out of shared caches`,
    explanation:
      "The answer holds one tenant's rows, and its header allowed any cache between to hand it to the next caller.",
    edits: edits.edits(),
    basis: 'library',
  };
}

/** Renders a page for each request, for the one who asks. */
export function renderPerRequest(finding: Finding, context: FixContext): Draft | Refused {
  const entry = entryOf(finding, context);
  if (entry === undefined) return { refused: 'The page was not found in the code.' };
  const { parsed } = entry;
  const edits = createEditSet();
  const scoped = scopeFirstQuery(finding, context);
  const asked = scoped === undefined ? requireSession(finding, context) : undefined;
  const drafted = scoped ?? (asked !== undefined && 'edits' in asked ? asked : undefined);
  makeDynamic(edits, parsed);
  return {
    title: `Render ${finding.entryPoint ?? finding.file} for each request`,
    explanation:
      "The page shows one tenant's rows and was rendered once for everybody; it now asks who is calling and is rendered anew.",
    edits: [...(drafted?.edits ?? []), ...edits.edits()],
    basis: 'sibling',
  };
}

// The first query of the page that reads rows with an owner decides what the rest of it shows.
function scopeFirstQuery(finding: Finding, context: FixContext): Draft | undefined {
  const own = context.paths.filter(path => path.entryPoint.name === finding.entryPoint && path.verdict === 'leaks');
  const ordered = [...own].sort((left, right) => left.sink.line - right.sink.line);
  for (const path of ordered) {
    if (ownershipOf(context, path.sink.table) === undefined) continue;
    const draft = scopeSite(context, { table: path.sink.table, place: path.sink }, { title: '', path });
    if ('edits' in draft) return draft;
  }
  return undefined;
}

// `unstable_cache(fn, keyParts)`: what the function closes over is not in the key by itself.
function keyUnstableCache(edits: EditSet, parsed: ParsedFile, finding: Finding): string | undefined {
  const calls = findAll(parsed.program, isCall).filter(call => /^unstable_cache$/.test(calleeName(call) ?? ''));
  const call =
    calls.find(each => lineAt(parsed, each.start) <= finding.line && lineAt(parsed, each.end) >= finding.line) ??
    (calls.length === 1 ? calls[0] : undefined);
  const body = call?.arguments[0];
  if (call === undefined || body === undefined || body.type === 'SpreadElement') return undefined;
  const captured = isFunction(body) ? capturedNames(parsed, body) : [];
  const keys = call.arguments[1];
  const present = keys === undefined ? '' : textOf(parsed, keys);
  const missing = captured.filter(name => !new RegExp(`(?<![\\w$])${name}(?![\\w$])`).test(present));
  if (missing.length === 0) return undefined;
  const text = missing.join(', ');
  if (keys === undefined) edits.insert(parsed, body.end, `, [${text}]`);
  else if (keys.type === 'ArrayExpression') {
    const last = keys.elements.at(-1);
    if (last === undefined || last === null) edits.replace(parsed, keys, `[${text}]`);
    else edits.insert(parsed, last.end, `, ${text}`);
  } else if (keys.type === 'Identifier' && keys.name === 'undefined') edits.replace(parsed, keys, `[${text}]`);
  else return undefined;
  return text;
}

// Names of the functions around it that the cached function uses; properties of one object count by themselves.
function capturedNames(parsed: ParsedFile, body: Node): readonly string[] {
  const names = freeNames(body).filter(name => {
    const binding = bindingOf(parsed, body, name);
    return (
      binding.kind === 'parameter' ||
      (binding.kind === 'variable' && functionsAround(parsed, binding.declarator).length > 0)
    );
  });
  return names.flatMap(name => {
    const members = findAll(body, node => node.type === 'MemberExpression').flatMap(node => {
      const chain = memberChain(node);
      return chain?.root.type === 'Identifier' && chain.root.name === name && chain.names.length > 0
        ? [[name, ...chain.names].join('.')]
        : [];
    });
    const plain =
      findAll(body, node => node.type === 'Identifier').filter(node => node.name === name).length > members.length;
    return plain || members.length === 0 ? [name] : [...new Set(members)];
  });
}

// A `Map` of the module: every key gets the argument that tells tenants apart.
function keyMap(context: FixContext, edits: EditSet, parsed: ParsedFile, finding: Finding): string | undefined {
  const maps = new Set(
    parsed.program.body.flatMap(statement => {
      const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
      if (declaration?.type !== 'VariableDeclaration') return [];
      return declaration.declarations.flatMap(each =>
        each.init?.type === 'NewExpression' &&
        each.id.type === 'Identifier' &&
        /Map|LRU|Cache/.test(textOf(parsed, each.init.callee))
          ? [each.id.name]
          : [],
      );
    }),
  );
  const uses = findAll(parsed.program, isCall).filter(call => {
    const chain = memberChain(call.callee);
    return (
      chain?.root.type === 'Identifier' &&
      maps.has(chain.root.name) &&
      ['get', 'set', 'has', 'delete'].includes(chain.names[0] ?? '')
    );
  });
  const nearest = [...uses].sort(
    (left, right) =>
      Math.abs(lineAt(parsed, left.start) - finding.line) - Math.abs(lineAt(parsed, right.start) - finding.line),
  )[0];
  const declared = parsed.program.body.find(statement => lineAt(parsed, statement.start) === finding.line);
  const name =
    declared === undefined || nearest === undefined
      ? undefined
      : [...maps].find(each => textOf(parsed, declared).includes(` ${each} `));
  const map = name ?? rootName(nearest?.callee);
  const mine = uses.filter(call => rootName(call.callee) === map);
  const [first] = mine;
  if (first === undefined) return undefined;
  const tenant = tenantParameter(context, parsed, first, finding);
  if (tenant === undefined) return undefined;
  for (const call of mine) {
    const key = call.arguments[0];
    if (key === undefined || key.type === 'SpreadElement' || textOf(parsed, key).includes(tenant)) continue;
    edits.replace(parsed, key, `\`\${${tenant}}:\${${textOf(parsed, key)}}\``);
  }
  return tenant;
}

function rootName(callee: Expression | undefined): string | undefined {
  const chain = callee === undefined ? undefined : memberChain(callee);
  return chain?.root.type === 'Identifier' ? chain.root.name : undefined;
}

function tenantParameter(context: FixContext, parsed: ParsedFile, node: Node, finding: Finding): string | undefined {
  const around = functionsAround(parsed, node).at(-1);
  const names = around?.params.flatMap(parameter => boundNames(parameterPattern(parameter))) ?? [];
  const properties = new Set(
    context.tables.flatMap(table => {
      const hops = ownershipOf(context, table.table)?.hops;
      const property = hops?.length === 1 ? table.properties.get(hops[0].column) : undefined;
      return property === undefined ? [] : [property];
    }),
  );
  const terms = finding.repair?.['terms'];
  const hinted = Array.isArray(terms)
    ? terms.flatMap((term: unknown) => (typeof term === 'string' ? [term.split('.').at(-1) ?? term] : []))
    : [];
  return names.find(name => properties.has(name)) ?? names.find(name => hinted.includes(name));
}

// `'use cache'` keys by arguments: the query gets the tenant as one.
function keyByArgument(finding: Finding, context: FixContext, parsed: ParsedFile): Draft | Refused {
  const around = context.paths.filter(path => path.sink.file === parsed.file && path.verdict === 'leaks');
  const nearest = [...around].sort(
    (left, right) => Math.abs(left.sink.line - finding.line) - Math.abs(right.sink.line - finding.line),
  )[0];
  const tables = Array.isArray(finding.repair?.['tables']) ? finding.repair['tables'] : [];
  const table =
    nearest?.sink.table ?? finding.object ?? tables.find((each: unknown): each is string => typeof each === 'string');
  if (table === undefined) return { refused: `What the cache at ${finding.file}:${finding.line} reads is not known.` };
  return scopeSite(
    context,
    {
      table,
      place: nearest?.sink ?? { file: finding.file, line: finding.line, endLine: finding.endLine ?? finding.line + 12 },
    },
    { title: `Keep what is cached in ${finding.file} apart by tenant` },
  );
}
