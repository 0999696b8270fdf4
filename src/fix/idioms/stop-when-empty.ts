import type { Node } from 'oxc-parser';
import { addImports } from '../context.ts';
import type { FixContext } from '../context.ts';
import { entryFunctionAround } from './entry.ts';
import { refusalAt } from './refusal.ts';
import type { EditSet } from '../source/edit-set.ts';
import { ancestors, functionsAround, indentAt, statementOf } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';

/** Leaves before a query when the session names no tenant: `eq` with nothing in it, or a filter that would be dropped. */
export function stopWhenEmpty(
  context: FixContext,
  edits: EditSet,
  at: { readonly parsed: ParsedFile; readonly node: Node },
  text: string,
): void {
  const { parsed } = at;
  const around = functionsAround(parsed, at.node).at(-1) ?? parsed.program;
  const plain = (value: string) => value.replaceAll('?', '').replace(/\s+/g, '');
  const head = plain(parsed.text.slice(around.start, at.node.start));
  if (head.includes(`if(!${plain(text)})`)) return;
  const statement = entryStatement(parsed, at.node);
  const refusal = refusalAt(context.set, parsed, at.node);
  edits.insert(
    parsed,
    statement.start,
    `if (!${text}) ${refusal.statement}\n${indentAt(parsed, statement.start)}`,
    'shared',
  );
  addImports(context, edits, parsed, refusal.imports);
}

/** The statement of the entry point's own block that holds a node. */
export function entryStatement(parsed: ParsedFile, node: Node): Node {
  const entry = entryFunctionAround(parsed, node) ?? functionsAround(parsed, node).at(-1);
  let at: Node = node;
  for (const outer of ancestors(parsed, node)) {
    if (outer.type === 'BlockStatement' && parsed.parentOf(outer) === entry) return at;
    at = outer;
  }
  return statementOf(parsed, node) ?? node;
}
