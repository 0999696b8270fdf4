import type { CallExpression, Expression, Node } from 'oxc-parser';
import { bindingOf, parameterPattern, parameterType } from '../source/bindings.ts';
import { calleeName, findAll, isCall, memberChain, textOf, unwrap } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { placeOf, usesOf } from './app.ts';
import type { GuardedApp } from './app.ts';
import { databasesOf } from './databases.ts';
import { useOf } from './postgres-sql.ts';
import { means } from './references.ts';
import type { Variable } from './references.ts';

/** Drizzle's driver for postgres.js. */
export const driver = 'drizzle-orm/postgres-js';

/** `db.execute()` gives an array of rows on postgres.js, and `{ rows }` on node-postgres; counts have other names too. */
export function moveResults(app: GuardedApp): void {
  const databases = databasesOf(app).flatMap(({ from, variable }) => (from === driver ? [variable] : []));
  for (const file of app.set.files) {
    const text = app.texts.read(file) ?? '';
    if (!/\.(?:execute\b|count\b)|\$client/.test(text)) continue;
    const parsed = keepsItsOwn(app, file, text) ? undefined : app.set.parsed(file);
    if (parsed !== undefined) moveFile(app, parsed, databases);
  }
}

/** A script with a postgres.js of its own is not moved. */
function keepsItsOwn(app: GuardedApp, file: string, text: string): boolean {
  return !app.running.has(file) && text.includes(driver);
}

function isFromPackage(app: GuardedApp, parsed: ParsedFile, node: Expression, name: string): boolean {
  const chain = memberChain(node);
  if (chain?.root.type !== 'Identifier') return false;
  const declared = app.set.declarationOf(parsed.file, chain.root.name);
  return declared?.kind === 'package' && (declared.package === name || declared.package.startsWith(`${name}/`));
}

function moveFile(app: GuardedApp, parsed: ParsedFile, databases: readonly Variable[]): void {
  const scope = { app, parsed, databases };
  for (const call of findAll(parsed.program, isCall)) {
    if (calleeName(call) === 'execute' && call.callee.type === 'MemberExpression')
      moveExecute(scope, call, call.callee.object);
    else if (isWrite(scope, call)) moveCounts(scope, countsOf(scope, call));
  }
  for (const node of findAll(parsed.program, (each): each is Node => each.type === 'MemberExpression'))
    if (node.type === 'MemberExpression' && node.property.type === 'Identifier' && node.property.name === '$client')
      app.notes.push(`${placeOf(parsed, node)} uses '$client': it is a pool of node-postgres now.`);
}

interface Scope {
  readonly app: GuardedApp;
  readonly parsed: ParsedFile;
  readonly databases: readonly Variable[];
}

function moveExecute(scope: Scope, call: CallExpression, object: Expression): void {
  const { app, parsed } = scope;
  const [query] = call.arguments;
  if (query === undefined || query.type === 'SpreadElement') return;
  const isSql = isFromPackage(app, parsed, unwrap(tagOf(query)), 'drizzle-orm');
  if (!isSql && !isDatabase(scope, object)) {
    if (query.type !== 'ObjectExpression' && /drizzle-orm/.test(parsed.text))
      app.notes.push(
        `${placeOf(parsed, call)}: if this is Drizzle's execute, its answer is { rows } now, and no array of rows.`,
      );
    return;
  }
  const used = useOf(parsed, call);
  if (used?.use === 'statement') return;
  const counts = countsOf(scope, call);
  if (counts.count.length > 0 && !counts.only) {
    app.notes.push(`${placeOf(parsed, call)}: the answer of execute is { rows, rowCount } now; both are used there.`);
    return;
  }
  if (counts.count.length > 0) return moveCounts(scope, counts);
  if (used === undefined) {
    app.notes.push(`${placeOf(parsed, call)}: the answer of execute is { rows } now, and no array of rows.`);
    return;
  }
  if (used.use === 'promise') return app.edits.insert(parsed, call.end, '.then(result => result.rows)');
  const parent = parsed.parentOf(used.outer);
  if (parent?.type === 'MemberExpression' && parent.object === used.outer) {
    const after = /^\s*\)/.exec(parsed.text.slice(used.outer.end))?.[0].length ?? 0;
    return app.edits.insert(parsed, used.outer.end + after, '.rows');
  }
  app.edits.insert(parsed, used.outer.start, '(');
  app.edits.insert(parsed, used.outer.end, ').rows');
}

function tagOf(query: Expression): Expression {
  if (query.type === 'TaggedTemplateExpression') return query.tag;
  return query.type === 'CallExpression' ? query.callee : query;
}

/** `db.update(notes).set(…)` without `returning`: what it gives is the driver's own answer. */
function isWrite(scope: Scope, call: CallExpression): boolean {
  const around = scope.parsed.parentOf(call);
  if (around?.type === 'MemberExpression' && around.object === call && !isCountOf(around)) return false;
  let at: Expression = call;
  const names: string[] = [];
  while (at.type === 'CallExpression' && at.callee.type === 'MemberExpression') {
    names.unshift(calleeName(at) ?? '');
    at = unwrap(at.callee.object);
  }
  return /^(?:insert|update|delete)$/.test(names[0] ?? '') && !names.includes('returning') && isDatabase(scope, at);
}

interface Counts {
  readonly count: readonly Node[];
  /** Whether the count is all that is used of the answer. */
  readonly only: boolean;
}

/** `result.count` of what a call gives, directly or by a variable. */
function countsOf({ parsed }: Scope, call: CallExpression): Counts {
  const used = useOf(parsed, call);
  if (used?.use !== 'await') return { count: [], only: false };
  const parent = parsed.parentOf(used.outer);
  if (parent?.type === 'MemberExpression' && parent.object === used.outer)
    return isCountOf(parent) ? { count: [parent], only: true } : { count: [], only: false };
  if (parent?.type !== 'VariableDeclarator' || parent.id.type !== 'Identifier') return { count: [], only: false };
  const { name } = parent.id;
  const uses = usesOf(parsed, name, [parent]).filter(node => {
    const binding = bindingOf(parsed, node, name);
    return binding.kind === 'variable' && binding.declarator === parent;
  });
  const count = uses.flatMap(node => {
    const member = parsed.parentOf(node);
    return member !== undefined && isCountOf(member) ? [member] : [];
  });
  return { count, only: count.length === uses.length };
}

function isCountOf(node: Node): boolean {
  return node.type === 'MemberExpression' && node.property.type === 'Identifier' && node.property.name === 'count';
}

function moveCounts({ app, parsed }: Scope, { count }: Counts): void {
  for (const node of count)
    if (node.type === 'MemberExpression') {
      app.edits.insert(parsed, node.start, '(');
      app.edits.replace(parsed, node.property, 'rowCount ?? 0)');
    }
}

/** Whether an expression is Drizzle's database or a transaction of it. */
function isDatabase(scope: Scope, expression: Expression): boolean {
  const { app, parsed, databases } = scope;
  const node = unwrap(expression);
  if (node.type === 'LogicalExpression') return isDatabase(scope, node.right);
  // `this.db`, `ctx.db`.
  if (node.type === 'MemberExpression')
    return node.property.type === 'Identifier' && /^(?:db|database|tx|trx)$/i.test(node.property.name);
  if (node.type !== 'Identifier') return false;
  if (databases.some(each => means(app, parsed, node, each))) return true;
  const binding = bindingOf(parsed, node, node.name);
  if (binding.kind === 'variable' && binding.path.length === 0 && binding.declarator.init !== null)
    return isDatabase(scope, binding.declarator.init);
  if (binding.kind !== 'parameter') return false;
  const around = parsed.parentOf(binding.function);
  if (around !== undefined && isCall(around) && calleeName(around) === 'transaction') return true;
  const parameter = binding.function.params[binding.index];
  if (parameter === undefined) return false;
  const annotation = textOf(parsed, parameterPattern(parameter));
  return (
    /Database|Transaction|typeof db\b/.test(annotation) ||
    /^(?:db|tx|trx)$/i.test(parameterType(parameter) ?? node.name)
  );
}
