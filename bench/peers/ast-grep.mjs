// The logic of the rules that teams write by hand, with ast-grep: a query that picks a row by its id and names no tenant.
// A filter that is a variable, a call or a spread is taken to be safe, as those rules do. usage: ast-grep.mjs <folder>
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Lang, parse } from '@ast-grep/napi';

const [folder = '.'] = process.argv.slice(2);
/** Names by which apps tie a row to whom it belongs; those rules have a list like it for each app. */
const tenant =
  /\b(?:team|org|organi[sz]ation|workspace|tenant|project|environment|account|company|space|user|owner|author|createdBy|member)s?(?:_?[iI]d)?\b/i;
const reads = new Set([
  'findUnique',
  'findUniqueOrThrow',
  'findFirst',
  'findFirstOrThrow',
  'findMany',
  'update',
  'updateMany',
  'delete',
  'deleteMany',
]);

for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
  if (!/\.[cm]?[jt]sx?$/.test(file)) continue;
  const root = parse(file.endsWith('x') ? Lang.Tsx : Lang.TypeScript, readFileSync(join(folder, file), 'utf8')).root();
  for (const call of root.findAll({ rule: { kind: 'call_expression' } })) {
    const rule = prismaRule(call) ?? chainRule(call);
    if (rule === undefined) continue;
    const { start, end } = call.range();
    process.stdout.write(`${JSON.stringify({ file, line: start.line + 1, endLine: end.line + 1, rule })}\n`);
  }
}

/** `db.model.findUnique({ where: { id } })` */
function prismaRule(call) {
  const callee = call.field('function');
  if (callee?.kind() !== 'member_expression' || !reads.has(callee.field('property')?.text() ?? '')) return undefined;
  const options = call
    .field('arguments')
    ?.children()
    .find(node => node.kind() === 'object');
  const where = options
    ?.children()
    .find(node => node.kind() === 'pair' && node.field('key')?.text() === 'where')
    ?.field('value');
  if (where?.kind() !== 'object') return undefined;
  const keys = where.children().filter(node => /^(pair|shorthand_property_identifier)$/.test(node.kind()));
  if (where.children().some(node => node.kind() === 'spread_element')) return undefined;
  const byId = keys.some(key => /^(id|slug|key)$|Id$/.test((key.field('key') ?? key).text()));
  return byId && !tenant.test(keys.map(key => (key.field('key') ?? key).text()).join(' ') + nested(keys))
    ? 'id-without-tenant'
    : undefined;
}

function nested(keys) {
  return keys.map(key => (key.field('value')?.kind() === 'object' ? ` ${key.field('value').text()}` : '')).join('');
}

/** `.where(eq(table.id, …))` of Drizzle, `.eq('id', …)` of Supabase, `.where('id', '=', …)` of Kysely. */
function chainRule(call) {
  const callee = call.field('function');
  const method = callee?.kind() === 'member_expression' ? callee.field('property')?.text() : undefined;
  const text = call.field('arguments')?.text() ?? '';
  if (method === 'where' && /^\(\s*(?:and\()?\s*eq\(\s*\w+\.id\b/.test(text))
    return tenant.test(text) ? undefined : 'id-without-tenant';
  if (method === 'where' && /^\(\s*['"](?:\w+\.)?id['"]/.test(text))
    return tenant.test(statementOf(call)) ? undefined : 'id-without-tenant';
  if (method === 'eq' && /^\(\s*['"]id['"]/.test(text))
    return tenant.test(statementOf(call)) ? undefined : 'id-without-tenant';
  return undefined;
}

function statementOf(call) {
  const statement = call.ancestors().find(node => /statement|declaration/.test(node.kind()));
  return statement?.text() ?? call.text();
}
