import type { Expression, Node } from 'oxc-parser';
import type { ImportNeed } from '../source/edit-set.ts';
import { styleOf } from '../source/edit-set.ts';
import { calleeName, findAll, functionsAround, isCall, stringValue, textOf } from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import type { SourceSet } from '../source/source-set.ts';
import { topLevelFunctions } from '../source/source-set.ts';
import { entryKindOf } from './entry.ts';
import { importsFor } from './session.ts';

/** How the code around a place says that something is not there. */
export interface Refusal {
  /** A whole statement: `return missing();` */
  readonly statement: string;
  readonly imports: readonly ImportNeed[];
}

/** The refusal that siblings write: the function's own first, then its file's, then that of files of its kind, then the library's. */
export function refusalAt(sources: SourceSet, parsed: ParsedFile, node: Node): Refusal {
  const { quote, end } = styleOf(parsed);
  switch (entryKindOf(parsed, node)) {
    case 'route':
      return (
        siblingAnswer(sources, parsed, node) ?? {
          statement: `return Response.json({ error: ${quote}Not found${quote} }, { status: 404 })${end}`,
          imports: [],
        }
      );
    case 'page':
    case 'layout':
      return { statement: `notFound()${end}`, imports: [{ name: 'notFound', from: 'next/navigation' }] };
    case 'api':
      return { statement: apiAnswer(parsed, node), imports: [] };
    case 'action':
    case 'helper':
      return ownAnswer(parsed, node) ?? { statement: `throw new Error(${quote}Not found${quote})${end}`, imports: [] };
  }
}

function siblingAnswer(sources: SourceSet, parsed: ParsedFile, node: Node): Refusal | undefined {
  const scope = functionsAround(parsed, node).at(-1) ?? parsed.program;
  const own = answersIn(sources, parsed, scope)[0] ?? answersIn(sources, parsed, parsed.program)[0];
  if (own !== undefined) return own;
  const counts = new Map<string, { readonly refusal: Refusal; uses: number }>();
  for (const file of sources.files) {
    if (!/(?:^|\/)route\.[jt]sx?$/.test(file)) continue;
    const other = sources.parsed(file);
    if (other === undefined) continue;
    for (const refusal of answersIn(sources, other, other.program)) {
      const known = counts.get(refusal.statement);
      counts.set(refusal.statement, { refusal, uses: (known?.uses ?? 0) + 1 });
    }
  }
  return [...counts.values()].sort((left, right) => right.uses - left.uses)[0]?.refusal;
}

function answersIn(sources: SourceSet, parsed: ParsedFile, scope: Node): readonly Refusal[] {
  return findAll(scope, each => each.type === 'ReturnStatement').flatMap(statement => {
    if (statement.argument === null || !says404(sources, parsed, statement.argument)) return [];
    const needs = importsFor(sources, parsed, [statement]);
    return needs === undefined || needs.parameters.size > 0
      ? []
      : [{ statement: textOf(parsed, statement), imports: needs.imports }];
  });
}

function says404(sources: SourceSet, parsed: ParsedFile, value: Expression): boolean {
  if (value.type !== 'CallExpression' && value.type !== 'NewExpression') return false;
  if (/status: 404\b/.test(textOf(parsed, value))) return true;
  const name = value.type === 'CallExpression' && value.callee.type === 'Identifier' ? value.callee.name : undefined;
  const declaration = name === undefined ? undefined : sources.declarationOf(parsed.file, name);
  if (declaration?.kind !== 'local') return false;
  const target = sources.parsed(declaration.file);
  const body = target === undefined ? undefined : topLevelFunctions(target).get(declaration.name);
  return (
    target !== undefined && body !== undefined && body.params.length === 0 && /status: 404\b/.test(textOf(target, body))
  );
}

function apiAnswer(parsed: ParsedFile, node: Node): string {
  const { quote, end } = styleOf(parsed);
  const handler = functionsAround(parsed, node).at(-1);
  const second = handler?.params[1];
  const response = second?.type === 'Identifier' ? second.name : 'res';
  return `return ${response}.status(404).json({ error: ${quote}Not found${quote} })${end}`;
}

// `{ error: '…' }` anywhere in what is returned.
function errorTexts(value: Node): readonly string[] {
  return findAll(value, each => each.type === 'ObjectExpression').flatMap(object => {
    const [first] = object.properties;
    if (
      object.properties.length !== 1 ||
      first?.type !== 'Property' ||
      first.key.type !== 'Identifier' ||
      first.key.name !== 'error'
    )
      return [];
    return stringValue(first.value) ?? [];
  });
}

// `return { error: '…' }` or `throw new Error('…not found…')`, as the function or its file says it elsewhere.
function ownAnswer(parsed: ParsedFile, node: Node): Refusal | undefined {
  const { quote, end } = styleOf(parsed);
  const scope = functionsAround(parsed, node).at(-1);
  for (const within of scope === undefined ? [parsed.program] : [scope, parsed.program]) {
    for (const statement of findAll(within, each => each.type === 'ThrowStatement')) {
      const thrown = statement.argument;
      if (
        thrown.type === 'NewExpression' &&
        /not.?found/i.test(textOf(parsed, thrown)) &&
        stringValue(thrown.arguments[0]) !== undefined
      ) {
        return { statement: textOf(parsed, statement), imports: [] };
      }
    }
  }
  if (scope === undefined) return undefined;
  for (const within of [scope, parsed.program]) {
    const errors = findAll(within, each => each.type === 'ReturnStatement').flatMap(statement =>
      statement.argument === null ? [] : errorTexts(statement.argument),
    );
    const text = errors.find(each => /not found|no such/i.test(each)) ?? (errors.length > 0 ? 'Not found' : undefined);
    if (text !== undefined) return { statement: `return { error: ${quote}${text}${quote} }${end}`, imports: [] };
  }
  return findAll(scope, isCall).some(call => calleeName(call) === 'notFound')
    ? { statement: `notFound()${end}`, imports: [] }
    : undefined;
}
