import type {
  CallExpression,
  Expression,
  Node,
  ObjectExpression,
  ObjectProperty,
  TaggedTemplateExpression,
} from 'oxc-parser';
import type { CodeTable } from './code-tables.ts';
import { isCall, keyName, lineAt, memberChain, stringValue, unwrap, walk } from './parsed-file.ts';
import type { ParsedFile } from './parsed-file.ts';
import type { SourceSet } from './source-set.ts';

/** A query as it stands in the code. */
export type QuerySite =
  | {
      readonly kind: 'drizzle';
      readonly operation: 'read' | 'insert' | 'update' | 'delete';
      readonly node: CallExpression;
      /** The client: `db`, `tx`, `this.db`. */
      readonly client: Expression;
      readonly calls: ReadonlyMap<string, CallExpression>;
      /** The table of `from`, `insert`, `update`, `delete`, then those of the joins. */
      readonly tables: readonly Expression[];
    }
  | {
      readonly kind: 'relational';
      readonly node: CallExpression;
      readonly client: Expression;
      /** The property after `query`. */
      readonly name: string;
      readonly method: string;
      readonly argument: ObjectExpression | undefined;
    }
  | { readonly kind: 'sql-template'; readonly node: TaggedTemplateExpression }
  | {
      readonly kind: 'sql-text';
      readonly node: CallExpression;
      readonly text: Expression;
      readonly values: Expression | undefined;
    }
  | {
      readonly kind: 'supabase';
      readonly node: CallExpression;
      readonly table: string;
      readonly from: CallExpression;
      readonly calls: readonly { readonly name: string; readonly call: CallExpression }[];
    };

interface Link {
  readonly name: string;
  readonly call: CallExpression | undefined;
}

const drizzleStarts = new Map<string, 'read' | 'insert' | 'update' | 'delete'>([
  ['select', 'read'],
  ['selectDistinct', 'read'],
  ['selectDistinctOn', 'read'],
  ['insert', 'insert'],
  ['update', 'update'],
  ['delete', 'delete'],
]);

/** All queries that a file writes, in source order. */
export function querySites(parsed: ParsedFile): readonly QuerySite[] {
  const sites: QuerySite[] = [];
  walk(parsed.program, node => {
    if (node.type === 'TaggedTemplateExpression') {
      if (/\b(?:select|insert|update|delete)\b/i.test(node.quasi.quasis[0]?.value.raw ?? ''))
        sites.push({ kind: 'sql-template', node });
      return;
    }
    if (!isCall(node) || continues(parsed, node)) return;
    const site = siteOf(node);
    if (site !== undefined) sites.push(site);
  });
  return sites;
}

/** The query at a place: the one whose lines hold it, and that reads or writes `table` when several do. */
export function querySiteAt(
  parsed: ParsedFile,
  at: { readonly line: number; readonly endLine?: number; readonly matches: (site: QuerySite) => boolean },
): QuerySite | undefined {
  const within = querySites(parsed).filter(site => touches(parsed, site.node, at));
  const right = within.filter(at.matches);
  const candidates = right.length > 0 ? right : within;
  return [...candidates].sort(
    (left, right_) => distance(parsed, left.node, at.line) - distance(parsed, right_.node, at.line),
  )[0];
}

/** Whether the table expression of a query means this table. */
export function meansTable(
  scope: { readonly set: SourceSet },
  parsed: ParsedFile,
  expression: Expression,
  table: CodeTable,
): boolean {
  const chain = memberChain(expression);
  if (chain === undefined) return false;
  const last = chain.names.at(-1);
  if (last !== undefined) return last === table.name;
  if (chain.root.type !== 'Identifier') return false;
  const declaration = scope.set.declarationOf(parsed.file, chain.root.name);
  return declaration?.kind === 'local'
    ? declaration.name === table.name && declaration.file === table.file
    : chain.root.name === table.name;
}

/** The property of an object literal. */
export function propertyNode(object: ObjectExpression, name: string): ObjectProperty | undefined {
  for (const property of object.properties) {
    if (property.type === 'Property' && keyName(property.key) === name) return property;
  }
  return undefined;
}

function touches(parsed: ParsedFile, node: Node, at: { readonly line: number; readonly endLine?: number }): boolean {
  return lineAt(parsed, node.start) <= (at.endLine ?? at.line) && lineAt(parsed, node.end) >= at.line;
}

function distance(parsed: ParsedFile, node: Node, line: number): number {
  return Math.abs(lineAt(parsed, node.start) - line) * 1000 + (lineAt(parsed, node.end) - lineAt(parsed, node.start));
}

function continues(parsed: ParsedFile, call: CallExpression): boolean {
  const parent = parsed.parentOf(call);
  if (parent?.type !== 'MemberExpression' || parent.object !== call) return false;
  const outer = parsed.parentOf(parent);
  if (outer?.type !== 'CallExpression' || outer.callee !== parent) return false;
  // `.then(rows => rows[0])` is not part of the query.
  return parent.property.type !== 'Identifier' || !['then', 'catch', 'finally'].includes(parent.property.name);
}

function linksOf(call: CallExpression): { readonly root: Expression; readonly links: readonly Link[] } {
  const links: Link[] = [];
  let at: Expression = call;
  for (;;) {
    if (
      at.type === 'CallExpression' &&
      at.callee.type === 'MemberExpression' &&
      at.callee.property.type === 'Identifier'
    ) {
      links.unshift({ name: at.callee.property.name, call: at });
      at = unwrap(at.callee.object);
    } else if (at.type === 'MemberExpression' && at.property.type === 'Identifier' && !at.computed) {
      links.unshift({ name: at.property.name, call: undefined });
      at = unwrap(at.object);
    } else return { root: at, links };
  }
}

function siteOf(node: CallExpression): QuerySite | undefined {
  const { root, links } = linksOf(node);
  return (
    drizzleSite(node, root, links) ??
    relationalSite(node, root, links) ??
    supabaseSite(node, links) ??
    textSite(node, links)
  );
}

function drizzleSite(node: CallExpression, root: Expression, links: readonly Link[]): QuerySite | undefined {
  const count = links.at(-1);
  const counted = count?.call?.arguments[0];
  if (
    count?.name === '$count' &&
    count.call !== undefined &&
    counted !== undefined &&
    counted.type !== 'SpreadElement'
  ) {
    const client = count.call.callee.type === 'MemberExpression' ? count.call.callee.object : root;
    return {
      kind: 'drizzle',
      operation: 'read',
      node,
      client,
      calls: new Map([['$count', count.call]]),
      tables: [counted],
    };
  }
  const start = links.findIndex(link => link.call !== undefined && drizzleStarts.has(link.name));
  const first = links[start];
  const operation = first === undefined ? undefined : drizzleStarts.get(first.name);
  if (first?.call === undefined || operation === undefined) return undefined;
  const calls = new Map<string, CallExpression>();
  const tables: Expression[] = [];
  for (const link of links.slice(start)) {
    if (link.call === undefined) continue;
    calls.set(link.name, link.call);
    const argument = link.call.arguments[0];
    const namesTable = link.name === 'from' || link.name.endsWith('Join') || (link === first && operation !== 'read');
    if (namesTable && argument !== undefined && argument.type !== 'SpreadElement') tables.push(argument);
  }
  if (operation === 'read' && !calls.has('from')) return undefined;
  if (
    operation !== 'read' &&
    (tables[0] === undefined || tables[0].type === 'ObjectExpression' || tables[0].type === 'Literal')
  )
    return undefined;
  if (operation === 'update' && !calls.has('set')) return undefined;
  if (operation === 'insert' && !calls.has('values') && !calls.has('select')) return undefined;
  const client = first.call.callee.type === 'MemberExpression' ? first.call.callee.object : root;
  return { kind: 'drizzle', operation, node, client, calls, tables };
}

function relationalSite(node: CallExpression, root: Expression, links: readonly Link[]): QuerySite | undefined {
  const at = links.findIndex(link => link.name === 'query' && link.call === undefined);
  const name = links[at + 1];
  const method = links[at + 2];
  if (at === -1 || name === undefined || name.call !== undefined || method?.call === undefined) return undefined;
  if (method.name !== 'findMany' && method.name !== 'findFirst') return undefined;
  const argument = method.call.arguments[0];
  const inner = method.call.callee;
  const query =
    inner.type === 'MemberExpression' && inner.object.type === 'MemberExpression' ? inner.object.object : undefined;
  const client = query?.type === 'MemberExpression' ? query.object : root;
  return {
    kind: 'relational',
    node,
    client,
    name: name.name,
    method: method.name,
    argument: argument?.type === 'ObjectExpression' ? argument : undefined,
  };
}

function supabaseSite(node: CallExpression, links: readonly Link[]): QuerySite | undefined {
  const at = links.findIndex(link => link.name === 'from' && stringValue(link.call?.arguments[0]) !== undefined);
  const from = links[at]?.call;
  const table = stringValue(from?.arguments[0]);
  if (from === undefined || table === undefined) return undefined;
  const calls = links
    .slice(at + 1)
    .flatMap(link => (link.call === undefined ? [] : [{ name: link.name, call: link.call }]));
  return { kind: 'supabase', node, table, from, calls };
}

function textSite(node: CallExpression, links: readonly Link[]): QuerySite | undefined {
  const last = links.at(-1);
  const text = node.arguments[0];
  const values = node.arguments[1];
  if (last?.name !== 'query' || text === undefined || text.type === 'SpreadElement') return undefined;
  if (text.type !== 'Literal' && text.type !== 'TemplateLiteral') return undefined;
  return {
    kind: 'sql-text',
    node,
    text,
    values: values === undefined || values.type === 'SpreadElement' ? undefined : values,
  };
}
