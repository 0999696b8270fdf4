import type { CallExpression, TaggedTemplateExpression } from 'oxc-parser';
import { textOf } from '../source/parsed-file.ts';
import { styleOf } from '../source/edit-set.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import type { GuardedApp } from './app.ts';
import { importFromFile } from './app.ts';
import { jsonValue, useOf } from './postgres-sql.ts';
import type { RawUse, Use } from './postgres-sql.ts';
import type { Variable } from './references.ts';

/** Writes the queries of postgres.js as those of node-postgres, on the same variable. */
export function moveUses(app: GuardedApp, uses: readonly RawUse[]): void {
  for (const use of uses) {
    if (use.kind === 'query') replaceQuery(app, use.parsed, use.node, queryText(use.parsed, use.node), use.use);
    if (use.kind === 'unsafe') replaceQuery(app, use.parsed, use.node, unsafeText(use.parsed, use.node), use.use);
    const [first] = use.kind === 'end' ? use.node.arguments : [];
    if (first !== undefined) app.edits.replace(use.parsed, first, '');
  }
}

/** Puts transactions, and queries of parts, into the transaction that carries the scope; gives what only a person can. */
export function beginUses(app: GuardedApp, uses: readonly RawUse[], begin: Variable): readonly RawUse[] {
  const left: RawUse[] = [];
  for (const use of uses) {
    const { parsed } = use;
    const tag = use.kind === 'query' || use.kind === 'composed' ? use.node.tag : undefined;
    const awaited = use.kind === 'composed' || (use.kind === 'query' && use.use !== 'promise');
    if (use.kind === 'begin') {
      importFromFile(app, parsed, begin);
      app.edits.replace(parsed, use.node.callee, begin.name);
    } else if (use.kind === 'query' || use.kind === 'composed') {
      if (tag?.type !== 'Identifier') {
        left.push(use);
        continue;
      }
      importFromFile(app, parsed, begin);
      // The parameter has the client's name, so that everything inside means the transaction.
      app.edits.insert(parsed, use.node.start, `${begin.name}(${awaited ? '' : 'async '}${tag.name} => `);
      app.edits.insert(parsed, use.node.end, ')');
    } else if (use.kind === 'unsafe' || use.kind === 'other') left.push(use);
  }
  return left;
}

function replaceQuery(
  app: GuardedApp,
  parsed: ParsedFile,
  node: TaggedTemplateExpression | CallExpression,
  query: string,
  use: Use,
): void {
  const outer = useOf(parsed, node)?.outer ?? node;
  if (use === 'statement') return app.edits.replace(parsed, node, query);
  if (use === 'promise') return app.edits.replace(parsed, node, `${query}.then(result => result.rows)`);
  const parent = parsed.parentOf(outer);
  // `(await sql`…`)[0]` has its brackets already.
  const bracketed = parent?.type === 'MemberExpression' && parent.object === outer;
  const after = parsed.text.slice(outer.end).match(/^\s*\)/)?.[0].length ?? 0;
  app.edits.replace(parsed, outer, bracketed ? `await ${query}` : `(await ${query}).rows`);
  if (bracketed) app.edits.insert(parsed, outer.end + after, '.rows');
}

function queryText(parsed: ParsedFile, node: TaggedTemplateExpression): string {
  const { quasis, expressions } = node.quasi;
  const text = quasis
    .map(
      (quasi, index) => `${quasi.value.cooked ?? quasi.value.raw}${index < expressions.length ? `$${index + 1}` : ''}`,
    )
    .join('');
  const values = expressions.map(each => {
    const wrapped = jsonValue(each);
    if (wrapped === undefined) return textOf(parsed, each);
    return wrapped.kind === 'json' ? `JSON.stringify(${textOf(parsed, wrapped.value)})` : textOf(parsed, wrapped.value);
  });
  const list = values.length === 0 ? '' : `, [${values.join(', ')}]`;
  return `${textOf(parsed, node.tag)}.query${rowType(parsed, node)}(${quoted(parsed, text)}${list})`;
}

function unsafeText(parsed: ParsedFile, node: CallExpression): string {
  const { callee } = node;
  const client = callee.type === 'MemberExpression' ? textOf(parsed, callee.object) : '';
  return `${client}.query${rowType(parsed, node)}(${node.arguments.map(each => textOf(parsed, each)).join(', ')})`;
}

/** `<Note[]>` there is `<Note>` here. */
function rowType(parsed: ParsedFile, node: TaggedTemplateExpression | CallExpression): string {
  const [type] = node.typeArguments?.params ?? [];
  switch (type?.type) {
    case 'TSArrayType':
      return `<${textOf(parsed, type.elementType)}>`;
    case 'TSTupleType': {
      const [only] = type.elementTypes;
      const inner = only?.type === 'TSOptionalType' ? only.typeAnnotation : only;
      return inner === undefined || type.elementTypes.length > 1 ? '' : `<${textOf(parsed, inner)}>`;
    }
    default:
      return '';
  }
}

function quoted(parsed: ParsedFile, text: string): string {
  const { quote } = styleOf(parsed);
  if (text.includes('\n')) return `\`${text.replaceAll(/[`\\]|\$\{/g, '\\$&')}\``;
  const mark = text.includes(quote) && !text.includes('"') ? '"' : quote;
  return `${mark}${text.replaceAll('\\', '\\\\').replaceAll(mark, `\\${mark}`)}${mark}`;
}
