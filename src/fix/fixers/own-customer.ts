import type { CallExpression, Expression, Node, VariableDeclarator } from 'oxc-parser';
import type { Finding } from '../../core/finding.ts';
import { addImports } from '../context.ts';
import type { Draft, FixContext, Refused } from '../context.ts';
import { callerAt } from '../idioms/caller.ts';
import { importsFor } from '../idioms/session.ts';
import { createEditSet, styleOf } from '../source/edit-set.ts';
import type { EditSet } from '../source/edit-set.ts';
import { findAll, indentAt, isCall, statementOf, textOf, unwrap } from '../source/parsed-file.ts';
import type { FunctionNode, ParsedFile } from '../source/parsed-file.ts';
import { topLevelFunctions } from '../source/source-set.ts';
import { entryOf } from './copied-guards.ts';
import { entryStatement } from '../idioms/stop-when-empty.ts';
import { guardAfter } from './webhook.ts';

type Entry = { readonly parsed: ParsedFile; readonly entry: FunctionNode };

/** Uses the customer that is stored for the caller's own tenant, where a Stripe call took the one that the client sent. */
export function ownCustomer(finding: Finding, context: FixContext): Draft | Refused {
  const entry = entryOf(finding, context);
  if (entry === undefined) return { refused: 'The entry point was not found in the code.' };
  const sibling = storedCustomer(context, entry);
  if (sibling === undefined)
    return { refused: 'No sibling shows how to get the customer that is stored for a tenant.' };
  const call = findAll(entry.entry, isCall).find(
    each =>
      each.arguments.some(argument => carriesCustomer(entry.parsed, argument)) &&
      callsStripe(context, entry.parsed, each, 0),
  );
  const argument = call?.arguments.find(each => carriesCustomer(entry.parsed, each));
  if (call === undefined || argument === undefined || argument.type === 'SpreadElement')
    return { refused: 'The call that takes the customer was not found in the entry point.' };
  const edits = createEditSet();
  const value = sibling.write(edits, entryStatement(entry.parsed, call));
  if (value === undefined) return { refused: "The caller's tenant cannot be had in this entry point." };
  replaceCustomer(edits, entry.parsed, argument, value);
  return {
    title: `Use the tenant's own Stripe customer in ${finding.entryPoint ?? finding.file}`,
    explanation: "The client could name any customer; the one stored for the caller's tenant is used instead.",
    edits: edits.edits(),
    basis: 'sibling',
  };
}

interface CustomerValue {
  readonly customer: string;
  readonly tenant: { readonly property: string; readonly text: string };
}

function carriesCustomer(parsed: ParsedFile, argument: Node): boolean {
  const text = textOf(parsed, argument);
  if (/customer/i.test(text)) return true;
  return argument.type === 'MemberExpression' && /\bdata$|body$|input$/.test(text);
}

function callsStripe(context: FixContext, parsed: ParsedFile, call: CallExpression, depth: number): boolean {
  if (/^stripe\b|\bstripe\./i.test(textOf(parsed, call.callee))) return true;
  if (depth > 2 || call.callee.type !== 'Identifier') return false;
  const declaration = context.set.declarationOf(parsed.file, call.callee.name);
  if (declaration?.kind !== 'local') return false;
  const target = context.set.parsed(declaration.file);
  const body = target === undefined ? undefined : topLevelFunctions(target).get(declaration.name);
  return (
    target !== undefined &&
    body !== undefined &&
    findAll(body, isCall).some(inner => callsStripe(context, target, inner, depth + 1))
  );
}

// `const customerId = await customerOf(viewer.accountId); if (!customerId) return …;`
function storedCustomer(
  context: FixContext,
  entry: Entry,
): { readonly write: (edits: EditSet, before: Node) => CustomerValue | undefined } | undefined {
  const found: {
    readonly parsed: ParsedFile;
    readonly declarator: VariableDeclarator;
    readonly call: CallExpression;
    readonly score: number;
  }[] = [];
  for (const file of context.set.files) {
    const parsed = context.set.parsed(file);
    if (parsed === undefined) continue;
    for (const declarator of findAll(parsed.program, node => node.type === 'VariableDeclarator')) {
      const init = declarator.init === null ? undefined : unwrap(declarator.init);
      if (
        init === undefined ||
        !isCall(init) ||
        declarator.id.type !== 'Identifier' ||
        !readsStoredCustomer(context, parsed, init)
      )
        continue;
      found.push({
        parsed,
        declarator,
        call: init,
        score: /route\.[jt]sx?$/.test(file) === /route\.[jt]sx?$/.test(entry.parsed.file) ? 1 : 0,
      });
    }
  }
  const best = found.sort((left, right) => right.score - left.score)[0];
  if (best === undefined) return undefined;
  return { write: (edits, before) => writeStoredCustomer(context, edits, entry, { ...best, before }) };
}

function readsStoredCustomer(context: FixContext, parsed: ParsedFile, call: CallExpression): boolean {
  if (call.callee.type !== 'Identifier' || call.arguments.length !== 1) return false;
  const declaration = context.set.declarationOf(parsed.file, call.callee.name);
  if (declaration?.kind !== 'local') return false;
  const target = context.set.parsed(declaration.file);
  const body = target === undefined ? undefined : topLevelFunctions(target).get(declaration.name);
  return (
    target !== undefined &&
    body !== undefined &&
    /stripe_?customer/i.test(textOf(target, body)) &&
    /\bselect\b|findFirst|findUnique/.test(textOf(target, body))
  );
}

function writeStoredCustomer(
  context: FixContext,
  edits: EditSet,
  entry: Entry,
  sibling: {
    readonly parsed: ParsedFile;
    readonly declarator: VariableDeclarator;
    readonly call: CallExpression;
    readonly before: Node;
  },
): CustomerValue | undefined {
  const { parsed } = entry;
  const statement = statementOf(sibling.parsed, sibling.declarator);
  if (statement === undefined || sibling.declarator.id.type !== 'Identifier') return undefined;
  const argument = sibling.call.arguments[0];
  if (argument === undefined || argument.type === 'SpreadElement') return undefined;
  const tenant = tenantIn(context, edits, entry, sibling.before);
  if (tenant === undefined) return undefined;
  const { end } = styleOf(parsed);
  const name = sibling.declarator.id.name;
  const guard = guardAfter(sibling.parsed, statement, [name]);
  const needs =
    guard === undefined
      ? undefined
      : importsFor(context.set, sibling.parsed, [
          sibling.call.callee,
          ...(guard.type === 'IfStatement' ? [guard.consequent] : []),
        ]);
  const indent = indentAt(parsed, sibling.before.start);
  const callee = textOf(sibling.parsed, sibling.call.callee);
  const guardText = guard === undefined || needs === undefined ? '' : `${textOf(sibling.parsed, guard)}\n${indent}`;
  edits.insert(
    parsed,
    sibling.before.start,
    `const ${name} = await ${callee}(${tenant.text})${end}\n${indent}${guardText}`,
    'shared',
  );
  addImports(
    context,
    edits,
    parsed,
    needs?.imports ?? importsFor(context.set, sibling.parsed, [sibling.call.callee])?.imports ?? [],
  );
  return { customer: name, tenant };
}

function tenantIn(
  context: FixContext,
  edits: EditSet,
  { parsed }: Entry,
  before: Node,
): { readonly property: string; readonly text: string } | undefined {
  const value = callerAtPlace(context, edits, parsed, before);
  if (value === undefined) return undefined;
  return { property: value.split('.').at(-1) ?? value, text: value };
}

function replaceCustomer(edits: EditSet, parsed: ParsedFile, argument: Expression, value: CustomerValue): void {
  if (argument.type !== 'ObjectExpression') {
    const whole = !/customer/i.test(textOf(parsed, argument));
    const tenant =
      value.tenant.property === value.tenant.text
        ? value.tenant.text
        : `${value.tenant.property}: ${value.tenant.text}`;
    edits.replace(
      parsed,
      argument,
      whole ? `{ ...${textOf(parsed, argument)}, ${value.customer}, ${tenant} }` : value.customer,
    );
    return;
  }
  for (const property of argument.properties) {
    if (property.type !== 'Property' || property.key.type !== 'Identifier' || !/customer/i.test(property.key.name))
      continue;
    edits.replace(
      parsed,
      property,
      property.key.name === value.customer ? value.customer : `${property.key.name}: ${value.customer}`,
    );
  }
}

function callerAtPlace(context: FixContext, edits: EditSet, parsed: ParsedFile, node: Node): string | undefined {
  return callerAt(context, edits, { parsed, node }, { wanted: 'tenant', name: 'tenantId' })?.text;
}
