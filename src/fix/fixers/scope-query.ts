import type { CallExpression, Expression, Node, ObjectExpression } from 'oxc-parser';
import type { Finding } from '../../core/finding.ts';
import type { Place } from '../../core/place.ts';
import type { JudgedPath } from '../../checks/check.ts';
import { addImports, codeTableOf, pathsOf } from '../context.ts';
import type { Draft, FixContext, Refused } from '../context.ts';
import { callerAt, isSessionValue } from '../idioms/caller.ts';
import type { CallerValue } from '../idioms/caller.ts';
import { ownershipOf } from '../idioms/ownership.ts';
import type { RowOwnership } from '../idioms/ownership.ts';
import { verifiedTenantAt } from '../idioms/verified-tenant.ts';
import { propertyOf, relationNames } from '../source/code-tables.ts';
import type { CodeTable } from '../source/code-tables.ts';
import { createEditSet, styleOf } from '../source/edit-set.ts';
import type { EditSet } from '../source/edit-set.ts';
import {
  calleeName,
  findAll,
  indentAt,
  keyName,
  lineAt,
  memberChain,
  stringValue,
  textOf,
} from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { meansTable, propertyNode, querySiteAt } from '../source/query-site.ts';
import type { QuerySite } from '../source/query-site.ts';
import { conditionPlace } from '../source/sql-text.ts';

/** A query that is to be tied to the caller. */
export interface ScopeTarget {
  readonly table: string;
  readonly place: Place;
}

/** Adds the owner's condition to the query of a finding, in the way the rest of the app does it. */
export function scopeQuery(finding: Finding, context: FixContext): Draft | Refused {
  const path = pathsOf(finding, context)[0];
  const table = hinted(finding, 'table') ?? path?.sink.table ?? finding.object;
  if (table === undefined) return { refused: 'The finding names no table.' };
  const place = path?.sink ?? {
    file: finding.file,
    line: finding.line,
    ...(finding.endLine === undefined ? {} : { endLine: finding.endLine }),
  };
  return scopeSite(
    context,
    { table, place },
    { title: titleOf(finding, path, table), ...(path === undefined ? {} : { path }) },
  );
}

/** Adds the tenant whose membership was verified on the path to a query that picks another object. */
export function tieObject(finding: Finding, context: FixContext): Draft | Refused {
  const path = pathsOf(finding, context)[0];
  const table = hinted(finding, 'table') ?? path?.sink.table ?? finding.object;
  if (table === undefined) return { refused: 'The finding names no table.' };
  const place = path?.sink ?? { file: finding.file, line: finding.line };
  return scopeSite(context, { table, place }, { title: titleOf(finding, path, table), verified: true });
}

/** Ties one query to the caller's tenant or user. */
export function scopeSite(
  context: FixContext,
  target: ScopeTarget,
  about: { readonly title: string; readonly path?: JudgedPath; readonly verified?: true },
): Draft | Refused {
  const parsed = context.set.parsed(target.place.file);
  if (parsed === undefined) return { refused: `'${target.place.file}' cannot be parsed.` };
  const ownership = ownershipOf(context, target.table);
  if (ownership === undefined) return { refused: `The owner of '${target.table}' is not known.` };
  const codeTable = codeTableOf(context, target.table);
  const site = querySiteAt(parsed, {
    ...target.place,
    matches: each => matches(context, parsed, each, target.table, codeTable),
  });
  if (site === undefined)
    return { refused: `No query on '${target.table}' was found at ${target.place.file}:${target.place.line}.` };
  const edits = createEditSet();
  const name = parameterNameFor(context, ownership, codeTable);
  const verified =
    about.verified === true && ownership.wanted === 'tenant' ? verifiedTenantAt(context, parsed, site.node) : undefined;
  const value: CallerValue | undefined =
    verified === undefined
      ? callerAt(context, edits, { parsed, node: site.node }, { wanted: ownership.wanted, name })
      : { text: verified };
  if (value === undefined)
    return {
      refused: `Nothing at ${target.place.file}:${target.place.line} says whose request it is, and no sibling shows how to ask.`,
    };
  const done = writeCondition({ context, edits, parsed, site, target, ownership, codeTable, value: value.text });
  if (done !== undefined) return { refused: done };
  const whose = ownership.wanted === 'tenant' ? "caller's tenant" : 'caller';
  return {
    title: about.title,
    explanation: `The query on '${target.table}' now also asks for rows of the ${whose}, ${verified === undefined ? 'taken from the session as elsewhere in this app' : 'whose membership was verified before'} (${value.text}).`,
    edits: edits.edits(),
    basis: 'sibling',
  };
}

function hinted(finding: Finding, name: string): string | undefined {
  const value = finding.repair?.[name];
  return typeof value === 'string' ? value : undefined;
}

function titleOf(finding: Finding, path: JudgedPath | undefined, table: string): string {
  const verb = { read: 'reads of', insert: 'inserts into', update: 'updates of', delete: 'deletes from' }[
    path?.sink.operation ?? 'read'
  ];
  const where = finding.entryPoint ?? path?.entryPoint.name ?? finding.file;
  return `Tie ${verb} ${table} in ${where} to the caller`;
}

function matches(
  context: FixContext,
  parsed: ParsedFile,
  site: QuerySite,
  table: string,
  codeTable: CodeTable | undefined,
): boolean {
  switch (site.kind) {
    case 'drizzle':
      return codeTable !== undefined && site.tables.some(each => meansTable(context, parsed, each, codeTable));
    case 'relational':
      return (
        codeTable !== undefined &&
        (site.name === codeTable.name || includesOf(site.argument, relationNames(context.set, codeTable)).length > 0)
      );
    case 'supabase':
      return site.table === table;
    case 'sql-template':
    case 'sql-text':
      return true;
  }
}

// The new parameter of a helper is called as the tenant's column is elsewhere.
function parameterNameFor(context: FixContext, ownership: RowOwnership, codeTable: CodeTable | undefined): string {
  const last = ownership.hops.at(-1) ?? ownership.hops[0];
  const holder = ownership.hops.length === 1 ? codeTable : codeTableOf(context, ownership.hops.at(-2)?.table ?? '');
  const own = holder === undefined ? undefined : propertyOf(holder, last.column);
  if (own !== undefined && own !== 'id') return own;
  if (last.column !== last.referencedColumn) return camelCase(last.column);
  const membership = context.tenancy.memberships[0];
  if (membership === undefined) return ownership.wanted === 'tenant' ? 'tenantId' : 'userId';
  return camelCase(ownership.wanted === 'tenant' ? membership.tenantColumn : membership.userColumn);
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

interface Work {
  readonly context: FixContext;
  readonly edits: EditSet;
  readonly parsed: ParsedFile;
  readonly site: QuerySite;
  readonly target: ScopeTarget;
  readonly ownership: RowOwnership;
  readonly codeTable: CodeTable | undefined;
  readonly value: string;
}

/** Undefined when the condition was written, else the reason why not. */
function writeCondition(work: Work): string | undefined {
  switch (work.site.kind) {
    case 'drizzle':
      return work.site.operation === 'insert' ? scopeInsert(work, work.site) : scopeDrizzle(work, work.site);
    case 'relational':
      return scopeRelational(work, work.site);
    case 'supabase':
      return scopeSupabase(work, work.site);
    case 'sql-template':
      return scopeTemplate(work, work.site);
    case 'sql-text':
      return scopeText(work, work.site);
  }
}

function scopeDrizzle(work: Work, site: Extract<QuerySite, { kind: 'drizzle' }>): string | undefined {
  const { parsed, edits, codeTable } = work;
  if (codeTable === undefined) return `The code's table object for '${work.target.table}' was not found.`;
  const table = site.tables.find(each => meansTable(work.context, parsed, each, codeTable));
  if (table === undefined) return `The query does not name '${codeTable.name}'.`;
  const condition = drizzleCondition(work, textOf(parsed, table), textOf(parsed, site.client), site.tables);
  if (condition === undefined)
    return `The columns that lead from '${work.target.table}' to its owner are not in the code's schema.`;
  replaceWritten(work, site.calls.get('set'));
  const count = site.calls.get('$count');
  const filter = count?.arguments[1];
  if (count !== undefined) {
    if (filter === undefined) edits.insert(parsed, table.end, `, ${condition}`);
    else if (filter.type !== 'SpreadElement') addConjunct(work, filter, condition);
    return undefined;
  }
  const where = site.calls.get('where');
  const argument = where?.arguments[0];
  if (where === undefined) {
    const anchor = lastJoin(site) ?? site.calls.get('set') ?? site.calls.get('from') ?? site.calls.get('delete');
    if (anchor === undefined) return 'The query has no place for a condition.';
    edits.insert(parsed, anchor.end, `${chainBreak(parsed, anchor)}.where(${condition})`);
    return undefined;
  }
  if (argument === undefined) edits.insert(parsed, where.end - 1, condition);
  else if (argument.type === 'SpreadElement') return 'The condition is spread.';
  else addConjunct(work, argument, condition);
  return undefined;
}

function lastJoin(site: Extract<QuerySite, { kind: 'drizzle' }>): CallExpression | undefined {
  return [...site.calls]
    .filter(([name]) => name.endsWith('Join'))
    .map(([, call]) => call)
    .sort((left, right) => right.end - left.end)[0];
}

// A chain that is broken over lines goes on so.
function chainBreak(parsed: ParsedFile, call: CallExpression): string {
  const { callee } = call;
  if (callee.type !== 'MemberExpression') return '';
  const between = parsed.text.slice(callee.object.end, callee.property.start);
  return between.includes('\n') ? `\n${indentAt(parsed, callee.property.start)}` : '';
}

function addConjunct(
  { parsed, edits, codeTable, ownership, context }: Work,
  argument: Expression,
  condition: string,
): void {
  const existing =
    ownership.hops.length === 1 && codeTable !== undefined
      ? ownConjunct(argument, propertyOf(codeTable, ownership.hops[0].column))
      : undefined;
  if (existing !== undefined && !isRight(context, parsed, existing, ownership)) {
    edits.replace(parsed, existing, condition);
    for (const name of ['eq', 'inArray'])
      if (condition.includes(`${name}(`)) edits.import(parsed, { name, from: 'drizzle-orm' });
    return;
  }
  edits.import(parsed, { name: 'and', from: 'drizzle-orm' });
  if (argument.type === 'CallExpression' && calleeName(argument) === 'and') {
    const last = argument.arguments.at(-1);
    if (last === undefined) edits.insert(parsed, argument.end - 1, condition);
    else
      edits.insert(
        parsed,
        last.end,
        lineAt(parsed, last.start) === lineAt(parsed, argument.start)
          ? `, ${condition}`
          : `,\n${indentAt(parsed, last.start)}${condition}`,
      );
    return;
  }
  edits.insert(parsed, argument.start, 'and(');
  edits.insert(parsed, argument.end, `, ${condition})`);
}

function isRight(context: FixContext, parsed: ParsedFile, conjunct: Expression, ownership: RowOwnership): boolean {
  const value = conjunct.type === 'CallExpression' ? conjunct.arguments[1] : undefined;
  return (
    value !== undefined && value.type !== 'SpreadElement' && isSessionValue(context, parsed, value, ownership.wanted, 0)
  );
}

// `eq(orders.organizationId, …)` as a conjunct of its own, also where it is only there under a condition.
function ownConjunct(argument: Expression, property: string | undefined): Expression | undefined {
  if (property === undefined) return undefined;
  const conjuncts =
    argument.type === 'CallExpression' && calleeName(argument) === 'and' ? argument.arguments : [argument];
  for (const conjunct of conjuncts) {
    if (conjunct.type === 'SpreadElement') continue;
    const inner = optionalPart(conjunct);
    if (inner.type !== 'CallExpression' || calleeName(inner) !== 'eq') continue;
    const left = inner.arguments[0];
    if (left !== undefined && left.type !== 'SpreadElement' && memberChain(left)?.names.at(-1) === property)
      return conjunct;
  }
  return undefined;
}

// `organizationId ? eq(…) : undefined`, `organizationId && eq(…)`
function optionalPart(node: Expression): Expression {
  if (node.type === 'ConditionalExpression')
    return node.consequent.type === 'CallExpression' ? node.consequent : node.alternate;
  return node.type === 'LogicalExpression' ? node.right : node;
}

function drizzleCondition(
  work: Work,
  table: string,
  client: string,
  joined: readonly Expression[],
): string | undefined {
  const { context, parsed, edits, codeTable, ownership, value } = work;
  if (codeTable === undefined) return undefined;
  const build = (hops: RowOwnership['hops'], holder: CodeTable, text: string): string | undefined => {
    const [hop, ...rest] = hops;
    const property = propertyOf(holder, hop.column);
    const [next] = rest;
    if (property === undefined) return undefined;
    if (next === undefined) {
      edits.import(parsed, { name: 'eq', from: 'drizzle-orm' });
      return `eq(${text}.${property}, ${value})`;
    }
    const parent = codeTableOf(context, hop.table);
    const key = parent === undefined ? undefined : propertyOf(parent, hop.referencedColumn);
    if (parent === undefined || key === undefined) return undefined;
    const present = joined.find(each => meansTable(context, parsed, each, parent));
    if (present !== undefined) return build([next, ...rest.slice(1)], parent, textOf(parsed, present));
    const qualifier = text.includes('.') ? `${text.slice(0, text.lastIndexOf('.'))}.` : '';
    if (qualifier === '') importTable(context, edits, parsed, parent);
    const parentText = qualifier + parent.name;
    const inner = build([next, ...rest.slice(1)], parent, parentText);
    if (inner === undefined) return undefined;
    edits.import(parsed, { name: 'inArray', from: 'drizzle-orm' });
    return `inArray(${text}.${property}, ${client}.select({ ${key}: ${parentText}.${key} }).from(${parentText}).where(${inner}))`;
  };
  return build(ownership.hops, codeTable, table);
}

/** Imports a table object, from where the file has its others. */
export function importTable(context: FixContext, edits: EditSet, parsed: ParsedFile, table: CodeTable): void {
  for (const statement of parsed.program.body) {
    if (statement.type !== 'ImportDeclaration' || statement.importKind === 'type') continue;
    const target = context.set.resolve(parsed.file, statement.source.value);
    if (target === undefined) continue;
    const declaration = context.set.declarationOf(target, table.name);
    if (
      declaration?.kind === 'local' &&
      declaration.file === table.file &&
      statement.specifiers.some(each => each.type === 'ImportSpecifier')
    ) {
      edits.import(parsed, { name: table.name, from: statement.source.value });
      return;
    }
  }
  addImports(context, edits, parsed, [{ name: table.name, from: `file:${table.file}` }]);
}

function scopeInsert(work: Work, site: Extract<QuerySite, { kind: 'drizzle' }>): string | undefined {
  return replaceWritten(work, site.calls.get('values'), 'required');
}

// The owner's column in `values({…})` and `set({…})` gets the caller's own value.
function replaceWritten(work: Work, call: CallExpression | undefined, required?: 'required'): string | undefined {
  const { parsed, edits, codeTable, ownership, value, context } = work;
  const property = codeTable === undefined ? undefined : propertyOf(codeTable, ownership.hops[0].column);
  if (ownership.hops.length > 1 || property === undefined)
    return required === undefined
      ? undefined
      : `Rows of '${work.target.table}' name their owner only over other tables.`;
  const argument = call?.arguments[0];
  const objects = argument === undefined ? [] : objectsOf(parsed, argument);
  if (objects.length === 0)
    return required === undefined ? undefined : 'The inserted values are not written as an object here.';
  for (const object of objects) {
    const existing = propertyNode(object, property);
    if (existing === undefined) {
      const spread = object.properties.some(each => each.type === 'SpreadElement');
      const last = object.properties.at(-1);
      if ((required !== undefined || spread) && last !== undefined)
        edits.insert(parsed, last.end, `${separatorAfter(parsed, object, last)}${property}: ${value}`);
      continue;
    }
    const written = existing.value;
    const last = object.properties.at(-1);
    const overwritten = object.properties.some(each => each.type === 'SpreadElement' && each.start > existing.start);
    if (overwritten && last !== undefined) {
      const next = object.properties[object.properties.indexOf(existing) + 1];
      edits.replace(parsed, { start: existing.start, end: next?.start ?? existing.end }, '');
      edits.insert(parsed, last.end, `${separatorAfter(parsed, object, last)}${property}: ${value}`);
      continue;
    }
    const isOwn =
      written.type === 'Identifier' || written.type === 'MemberExpression'
        ? isSessionValue(context, parsed, written, ownership.wanted, 0)
        : false;
    if (!isOwn) edits.replace(parsed, existing, value === property ? property : `${property}: ${value}`);
  }
  return undefined;
}

function separatorAfter(parsed: ParsedFile, object: ObjectExpression, last: Node): string {
  return lineAt(parsed, object.start) === lineAt(parsed, last.start) ? ', ' : `,\n${indentAt(parsed, last.start)}`;
}

function objectsOf(parsed: ParsedFile, argument: Node): readonly ObjectExpression[] {
  if (argument.type === 'ObjectExpression') return [argument];
  if (argument.type === 'ArrayExpression')
    return argument.elements.flatMap(each => (each === null ? [] : objectsOf(parsed, each)));
  // `rows.map(row => ({ … }))`
  if (argument.type === 'CallExpression') {
    return argument.arguments.flatMap(each =>
      each.type === 'ArrowFunctionExpression' && each.body.type === 'ObjectExpression' ? [each.body] : [],
    );
  }
  if (argument.type !== 'Identifier') return [];
  const declarator = findAll(parsed.program, node => node.type === 'VariableDeclarator').find(
    each => each.id.type === 'Identifier' && each.id.name === argument.name && each.end < argument.start,
  );
  return declarator?.init?.type === 'ObjectExpression' ? [declarator.init] : [];
}

function scopeRelational(work: Work, site: Extract<QuerySite, { kind: 'relational' }>): string | undefined {
  const { codeTable } = work;
  if (codeTable === undefined) return `The code's table object for '${work.target.table}' was not found.`;
  const included = includesOf(site.argument, relationNames(work.context.set, codeTable));
  const rootIsRight = site.name !== codeTable.name || (site.argument !== undefined && isScoped(work, site.argument));
  const open = included.filter(each => each.options === undefined || !isScoped(work, each.options));
  if (!rootIsRight) return scopeOptions(work, site, { options: site.argument, at: openingOf(work.parsed, site.node) });
  const [first] = open;
  if (first === undefined) return 'The query and what it includes are tied to the caller already.';
  return scopeOptions(work, site, { options: first.options, at: first.value });
}

function openingOf(parsed: ParsedFile, call: CallExpression): number {
  return parsed.text.indexOf('(', call.callee.end) + 1;
}

function isScoped(work: Work, options: ObjectExpression): boolean {
  const { codeTable, ownership, context, parsed } = work;
  const where = propertyNode(options, 'where')?.value;
  if (where === undefined || codeTable === undefined) return false;
  const condition = where.type === 'ArrowFunctionExpression' ? where.body : where;
  if (condition.type === 'BlockStatement') return false;
  const existing = ownConjunct(condition, propertyOf(codeTable, ownership.hops[0].column));
  return existing !== undefined && isRight(context, parsed, existing, ownership);
}

// `at` is the offset where new options go, or the `true` that they replace.
function scopeOptions(
  work: Work,
  site: Extract<QuerySite, { kind: 'relational' }>,
  holder: { readonly options: ObjectExpression | undefined; readonly at: number | Expression },
): string | undefined {
  const { parsed, edits, codeTable, context } = work;
  if (codeTable === undefined) return `The code's table object for '${work.target.table}' was not found.`;
  const { options } = holder;
  const where = options === undefined ? undefined : propertyNode(options, 'where');
  const callback = where?.value.type === 'ArrowFunctionExpression' ? where.value : undefined;
  const first = callback?.params[0];
  const tableText = first?.type === 'Identifier' ? first.name : codeTable.name;
  if (callback === undefined) importTable(context, edits, parsed, codeTable);
  const condition = drizzleCondition(work, tableText, textOf(parsed, site.client), []);
  if (condition === undefined)
    return `The columns that lead from '${work.target.table}' to its owner are not in the code's schema.`;
  if (options === undefined) {
    if (typeof holder.at === 'number') edits.insert(parsed, holder.at, `{ where: ${condition} }`);
    else edits.replace(parsed, holder.at, `{ where: ${condition} }`);
    return undefined;
  }
  if (where === undefined) {
    const [property] = options.properties;
    const onOneLine = property !== undefined && lineAt(parsed, property.start) === lineAt(parsed, options.start);
    if (property === undefined) edits.replace(parsed, options, `{ where: ${condition} }`);
    else
      edits.insert(
        parsed,
        property.start,
        `where: ${condition},${onOneLine ? ' ' : `\n${indentAt(parsed, property.start)}`}`,
      );
    return undefined;
  }
  const body = callback === undefined ? where.value : callback.body;
  if (body.type === 'BlockStatement' || !isExpression(body))
    return 'The condition is computed by a function with several statements.';
  addConjunct(work, body, condition);
  return undefined;
}

function isExpression(node: Node): node is Expression {
  return /Expression$|^Identifier$|^Literal$/.test(node.type) && node.type !== 'TSParameterProperty';
}

interface Include {
  readonly options: ObjectExpression | undefined;
  readonly value: Expression;
}

// `with: { notes: { … } }` at any depth: the includes of the table, by the relation's name.
function includesOf(options: ObjectExpression | undefined, names: ReadonlySet<string>): readonly Include[] {
  const included = options === undefined ? undefined : propertyNode(options, 'with')?.value;
  if (included?.type !== 'ObjectExpression') return [];
  return included.properties.flatMap(property => {
    if (property.type !== 'Property') return [];
    const inner = property.value.type === 'ObjectExpression' ? property.value : undefined;
    const own = names.has(keyName(property.key) ?? '') ? [{ options: inner, value: property.value }] : [];
    return [...own, ...includesOf(inner, names)];
  });
}

function scopeSupabase(work: Work, site: Extract<QuerySite, { kind: 'supabase' }>): string | undefined {
  const { parsed, edits, ownership, value, context } = work;
  if (ownership.hops.length > 1) return `Rows of '${work.target.table}' name their owner only over other tables.`;
  const { column } = ownership.hops[0];
  const { quote } = styleOf(parsed);
  const written = site.calls.find(each => each.name === 'insert' || each.name === 'upsert');
  if (written !== undefined) {
    const argument = written.call.arguments[0];
    const objects = argument === undefined ? [] : objectsOf(parsed, argument);
    if (objects.length === 0) return 'The inserted values are not written as an object here.';
    for (const object of objects) {
      const existing = propertyNode(object, column);
      const last = object.properties.at(-1);
      if (existing !== undefined) edits.replace(parsed, existing, `${column}: ${value}`);
      else if (last !== undefined)
        edits.insert(parsed, last.end, `${separatorAfter(parsed, object, last)}${column}: ${value}`);
    }
    return undefined;
  }
  const existing = site.calls.find(each => each.name === 'eq' && stringValue(each.call.arguments[0]) === column);
  const argument = existing?.call.arguments[1];
  if (
    argument !== undefined &&
    argument.type !== 'SpreadElement' &&
    !isSessionValue(context, parsed, argument, ownership.wanted, 0)
  ) {
    edits.replace(parsed, argument, value);
    return undefined;
  }
  const anchor = site.calls[0]?.call;
  if (anchor === undefined) return 'The query is not finished here.';
  edits.insert(parsed, anchor.end, `${chainBreak(parsed, anchor)}.eq(${quote}${column}${quote}, ${value})`);
  return undefined;
}

function scopeTemplate(work: Work, site: Extract<QuerySite, { kind: 'sql-template' }>): string | undefined {
  const { parsed, value } = work;
  const { quasi } = site.node;
  const start = quasi.start + 1;
  const raw = parsed.text.slice(start, quasi.end - 1);
  const blanked = blankHoles(site, raw, start);
  const place = conditionPlace(blanked, work.target.table);
  const condition = place === undefined ? undefined : sqlCondition(work, place.alias, `\${${value}}`);
  if (place === undefined || condition === undefined) return 'The SQL is not a single plain statement on the table.';
  insertSql(work, start, raw, place, condition);
  return undefined;
}

// Drizzle writes tables into templates as `${orders}`; a hole that is a table's name is put in as that name.
function blankHoles(site: Extract<QuerySite, { kind: 'sql-template' }>, raw: string, start: number): string {
  let text = raw;
  for (const expression of site.node.quasi.expressions) {
    const from = expression.start - 2 - start;
    const length = expression.end + 1 - expression.start + 2;
    text = text.slice(0, from) + '_'.repeat(length) + text.slice(from + length);
  }
  return text;
}

function scopeText(work: Work, site: Extract<QuerySite, { kind: 'sql-text' }>): string | undefined {
  const { parsed, edits, value } = work;
  const start = site.text.start + 1;
  const raw = parsed.text.slice(start, site.text.end - 1);
  if (site.text.type === 'TemplateLiteral' && site.text.expressions.length > 0)
    return 'The SQL text is put together at run time.';
  const place = conditionPlace(raw, work.target.table);
  const numbers = [...raw.matchAll(/\$(\d+)/g)].map(match => Number(match[1]));
  const next = Math.max(0, ...numbers) + 1;
  const condition = place === undefined ? undefined : sqlCondition(work, place.alias, `$${next}`);
  if (place === undefined || condition === undefined) return 'The SQL is not a single plain statement on the table.';
  if (site.values === undefined) edits.insert(parsed, site.text.end, `, [${value}]`);
  else if (site.values.type === 'ArrayExpression') {
    const last = site.values.elements.at(-1);
    if (last === undefined || last === null) edits.replace(parsed, site.values, `[${value}]`);
    else edits.insert(parsed, last.end, `, ${value}`);
  } else return 'The values of the query are put together elsewhere.';
  insertSql(work, start, raw, place, condition);
  return undefined;
}

function insertSql(
  work: Work,
  start: number,
  raw: string,
  place: NonNullable<ReturnType<typeof conditionPlace>>,
  condition: string,
): void {
  const { parsed, edits } = work;
  const multiline = raw.includes('\n');
  const lead = multiline ? `\n${indentAt(parsed, start + place.at)}` : ' ';
  const word = place.before.trim();
  if (place.parenthesis !== undefined) {
    edits.insert(parsed, start + place.parenthesis.open, '(');
    edits.insert(parsed, start + place.at, `)${lead}${word} ${condition}`);
    return;
  }
  edits.insert(parsed, start + place.at, `${lead}${word} ${condition}`);
}

function sqlCondition({ ownership }: Work, alias: string, value: string): string | undefined {
  const build = (hops: RowOwnership['hops'], name: string): string => {
    const [hop, ...rest] = hops;
    const [next] = rest;
    if (next === undefined) return `${name}.${hop.column} = ${value}`;
    return `${name}.${hop.column} in (select ${hop.referencedColumn} from ${hop.table} where ${build([next, ...rest.slice(1)], hop.table)})`;
  };
  return build(ownership.hops, alias);
}
