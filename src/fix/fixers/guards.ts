import type { CallExpression, Node } from 'oxc-parser';
import type { Finding } from '../../core/finding.ts';
import { addImports } from '../context.ts';
import type { Draft, FixContext, Refused } from '../context.ts';
import { refusalAt } from '../idioms/refusal.ts';
import { boundNames } from '../idioms/session.ts';
import { createEditSet, styleOf } from '../source/edit-set.ts';
import type { EditSet } from '../source/edit-set.ts';
import { callsAt, statementAt } from '../source/locate.ts';
import {
  ancestors,
  calleeName,
  findAll,
  functionsAround,
  indentAt,
  isCall,
  lineAt,
  textOf,
} from '../source/parsed-file.ts';
import type { ParsedFile } from '../source/parsed-file.ts';
import { topLevelFunctions } from '../source/source-set.ts';

/** Awaits a guard whose promise nobody waits for. */
export function awaitGuard(finding: Finding, context: FixContext): Draft | Refused {
  const parsed = context.set.parsed(finding.file);
  if (parsed === undefined) return cannotParse(finding.file);
  const call = callsAt(parsed, finding).find(each => !isAwaited(parsed, each) && isPromised(context, parsed, each));
  if (call === undefined) return { refused: `No call at ${finding.file}:${finding.line} is missing its 'await'.` };
  const edits = createEditSet();
  awaitCall(edits, parsed, call);
  return {
    title: `Await ${calleeName(call) ?? 'the guard'} before going on${inEntry(finding)}`,
    explanation: `'${calleeName(call) ?? 'The guard'}' returns a promise; without 'await' the query ran before it could refuse.`,
    edits: edits.edits(),
    basis: 'library',
  };
}

/** Leaves when a guard has failed, where its failure was only logged. */
export function stopOnFailure(finding: Finding, context: FixContext): Draft | Refused {
  const parsed = context.set.parsed(finding.file);
  if (parsed === undefined) return cannotParse(finding.file);
  const edits = createEditSet();
  const done =
    stopInCatch(context, edits, parsed, finding) ??
    stopInCallback(edits, parsed, finding) ??
    stopInBranch(context, edits, parsed, finding);
  if (done === undefined)
    return { refused: `No guard whose failure is caught was found at ${finding.file}:${finding.line}.` };
  return {
    title: `Stop when the guard fails${inEntry(finding)}`,
    explanation:
      'A guard that fails now ends the request; before, its error was caught and the query ran all the same.',
    edits: edits.edits(),
    basis: 'sibling',
  };
}

/** Leaves when a guard has answered no, where its answer was dropped. */
export function useResult(finding: Finding, context: FixContext): Draft | Refused {
  const parsed = context.set.parsed(finding.file);
  if (parsed === undefined) return cannotParse(finding.file);
  const statement = statementAt(parsed, finding.line);
  const edits = createEditSet();
  const refusal = statement === undefined ? undefined : refusalAt(context.set, parsed, statement);
  if (statement === undefined || refusal === undefined)
    return { refused: `No statement was found at ${finding.file}:${finding.line}.` };
  if (statement.type === 'ExpressionStatement') {
    const call = textOf(parsed, statement.expression);
    const test =
      statement.expression.type === 'AwaitExpression'
        ? `!(${call})`
        : isPromisedNode(context, parsed, statement.expression)
          ? `!(await ${call})`
          : `!${call}`;
    edits.replace(parsed, statement, `if (${test}) ${refusal.statement}`);
  } else if (statement.type === 'VariableDeclaration') {
    const name = statement.declarations.flatMap(each => boundNames(each.id))[0];
    if (name === undefined) return { refused: 'The answer of the guard has no name.' };
    edits.insert(parsed, statement.end, `\n${indentAt(parsed, statement.start)}if (!${name}) ${refusal.statement}`);
  } else
    return {
      refused: `The answer of the guard at ${finding.file}:${finding.line} is used in a way that has no plain repair.`,
    };
  addImports(context, edits, parsed, refusal.imports);
  return {
    title: `Refuse when the guard says no${inEntry(finding)}`,
    explanation: 'The guard asked the right question, and its answer was dropped; a refusal now ends the request.',
    edits: edits.edits(),
    basis: 'sibling',
  };
}

function inEntry(finding: Finding): string {
  return finding.entryPoint === undefined ? '' : ` in ${finding.entryPoint}`;
}

function cannotParse(file: string): Refused {
  return { refused: `'${file}' cannot be parsed.` };
}

function isAwaited(parsed: ParsedFile, call: CallExpression): boolean {
  const parent = parsed.parentOf(call);
  return (
    parent?.type === 'AwaitExpression' ||
    parent?.type === 'ReturnStatement' ||
    (parent?.type === 'ArrowFunctionExpression' && parent.body === call)
  );
}

function isPromisedNode(context: FixContext, parsed: ParsedFile, node: Node): boolean {
  return isCall(node) && isPromised(context, parsed, node);
}

// The called function is async, or says that it returns a promise; of a method that is called for nothing else it is assumed.
function isPromised(context: FixContext, parsed: ParsedFile, call: CallExpression): boolean {
  const name = calleeName(call);
  if (name === undefined || call.callee.type !== 'Identifier')
    return (
      parsed.parentOf(call)?.type === 'ExpressionStatement' &&
      /^(?:assert|require|check|ensure|verify)/.test(name ?? '')
    );
  const declaration = context.set.declarationOf(parsed.file, name);
  if (declaration?.kind !== 'local') return false;
  const target = context.set.parsed(declaration.file);
  const body = target === undefined ? undefined : topLevelFunctions(target).get(declaration.name);
  if (target === undefined || body === undefined) return false;
  return (
    body.async ||
    (body.returnType !== null && body.returnType !== undefined && textOf(target, body.returnType).includes('Promise<'))
  );
}

function awaitCall(edits: EditSet, parsed: ParsedFile, call: CallExpression): void {
  const parent = parsed.parentOf(call);
  const bare = parent?.type === 'ExpressionStatement' || parent?.type === 'VariableDeclarator';
  edits.insert(parsed, call.start, bare ? 'await ' : '(await ');
  if (!bare) edits.insert(parsed, call.end, ')');
  const around = functionsAround(parsed, call)[0];
  if (around !== undefined && !around.async) edits.insert(parsed, around.start, 'async ', 'shared');
}

function stopInCatch(context: FixContext, edits: EditSet, parsed: ParsedFile, finding: Finding): true | undefined {
  const around = findAll(parsed.program, node => node.type === 'TryStatement').filter(
    node => lineAt(parsed, node.block.start) <= finding.line && lineAt(parsed, node.end) >= finding.line,
  );
  const attempt = around.at(-1);
  const handler = attempt?.handler;
  if (handler === undefined || handler === null) return undefined;
  const refusal = refusalAt(context.set, parsed, handler.body);
  const last = handler.body.body.at(-1);
  if (last?.type === 'ReturnStatement' || last?.type === 'ThrowStatement') return undefined;
  const indent = last === undefined ? `${indentAt(parsed, handler.start)}  ` : indentAt(parsed, last.start);
  if (last === undefined)
    edits.insert(parsed, handler.body.start + 1, `\n${indent}${refusal.statement}\n${indentAt(parsed, handler.start)}`);
  else edits.insert(parsed, last.end, `\n${indent}${refusal.statement}`);
  addImports(context, edits, parsed, refusal.imports);
  return true;
}

// `await assertMember(…).catch(() => {})`: the guard's own error is let through.
function stopInCallback(edits: EditSet, parsed: ParsedFile, finding: Finding): true | undefined {
  const call = callsAt(parsed, finding).find(
    each => calleeName(each) === 'catch' && each.callee.type === 'MemberExpression',
  );
  if (call === undefined || call.callee.type !== 'MemberExpression') return undefined;
  edits.replace(parsed, { start: call.callee.object.end, end: call.end }, '');
  return true;
}

// `if (!ok) console.warn(…)`: the branch now leaves.
function stopInBranch(context: FixContext, edits: EditSet, parsed: ParsedFile, finding: Finding): true | undefined {
  const statement = statementAt(parsed, finding.line);
  const branch =
    [statement, ...(statement === undefined ? [] : ancestors(parsed, statement))].find(
      node => node?.type === 'IfStatement',
    ) ?? nextIf(parsed, statement);
  if (branch?.type !== 'IfStatement') return undefined;
  const { consequent } = branch;
  const refusal = refusalAt(context.set, parsed, branch);
  addImports(context, edits, parsed, refusal.imports);
  if (consequent.type !== 'BlockStatement') {
    const { end } = styleOf(parsed);
    edits.replace(
      parsed,
      consequent,
      `{\n${indentAt(parsed, branch.start)}  ${textOf(parsed, consequent).replace(/;$/, '')}${end}\n${indentAt(parsed, branch.start)}  ${refusal.statement}\n${indentAt(parsed, branch.start)}}`,
    );
    return true;
  }
  const last = consequent.body.at(-1);
  if (last === undefined || last.type === 'ReturnStatement' || last.type === 'ThrowStatement') return undefined;
  edits.insert(parsed, last.end, `\n${indentAt(parsed, last.start)}${refusal.statement}`);
  return true;
}

// `const ok = await isMember(…);` and the `if` that follows it.
function nextIf(parsed: ParsedFile, statement: Node | undefined): Node | undefined {
  if (statement?.type !== 'VariableDeclaration') return undefined;
  const block = parsed.parentOf(statement);
  if (block?.type !== 'BlockStatement') return undefined;
  const index = block.body.findIndex(each => each === statement);
  const next = block.body[index + 1];
  return next?.type === 'IfStatement' ? next : undefined;
}
