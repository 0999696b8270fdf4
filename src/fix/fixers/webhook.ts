import type { CallExpression, Expression, Node, VariableDeclarator } from 'oxc-parser';
import type { Finding } from '../../core/finding.ts';
import { addImports, codeTableOf, pathsOf } from '../context.ts';
import type { Draft, FixContext, Refused } from '../context.ts';
import { boundNames, importsFor } from '../idioms/session.ts';
import { bindingOf, freeNames } from '../source/bindings.ts';
import { createEditSet, styleOf } from '../source/edit-set.ts';
import type { EditSet } from '../source/edit-set.ts';
import {
  calleeName,
  findAll,
  functionsAround,
  indentAt,
  isCall,
  memberChain,
  statementOf,
  textOf,
} from '../source/parsed-file.ts';
import type { FunctionNode, ParsedFile } from '../source/parsed-file.ts';
import { querySites } from '../source/query-site.ts';
import type { QuerySite } from '../source/query-site.ts';
import { topLevelFunctions } from '../source/source-set.ts';
import { entryOf } from './copied-guards.ts';
import { entryStatement } from '../idioms/stop-when-empty.ts';

type Entry = { readonly parsed: ParsedFile; readonly entry: FunctionNode };

/** Checks the signature over the raw body, as the app's other webhook does or as Stripe documents it. */
export function verifyWebhook(finding: Finding, context: FixContext): Draft | Refused {
  const entry = entryOf(finding, context);
  if (entry === undefined) return { refused: 'The webhook was not found in the code.' };
  const parsedBody = bodyDeclarator(entry);
  if (parsedBody === undefined) return { refused: 'The place where the webhook reads its body was not found.' };
  const edits = createEditSet();
  const asSibling = verifyAsSibling(context, edits, entry, parsedBody);
  const refused = asSibling ? undefined : verifyAsDocumented(context, edits, entry, parsedBody);
  if (refused !== undefined) return { refused };
  return {
    title: `Check the signature in ${finding.entryPoint ?? finding.file}`,
    explanation:
      "Anybody could send events; they are now verified over the raw body with the endpoint's secret before they are read.",
    edits: edits.edits(),
    basis: asSibling ? 'sibling' : 'library',
  };
}

/** Records an event before its effect, so that a second delivery changes nothing. */
export function recordEvent(finding: Finding, context: FixContext): Draft | Refused {
  const entry = entryOf(finding, context);
  if (entry === undefined) return { refused: 'The webhook was not found in the code.' };
  const event = eventName(entry);
  if (event === undefined) return { refused: 'The webhook has no name for its event.' };
  const edits = createEditSet();
  const writes = writesIn(entry);
  const [first] = writes;
  if (first === undefined) return { refused: 'The webhook writes through helpers only.' };
  const about = {
    title: `Handle each event once in ${finding.entryPoint ?? finding.file}`,
    explanation:
      'Stripe delivers an event more than once; its id is now recorded in the same transaction, and a repeat changes nothing.',
  };
  const once = ledgerHelper(context);
  if (once !== undefined) {
    for (const site of writes) wrapInHelper(context, edits, entry, { site, event, once });
    return { ...about, edits: edits.edits(), basis: 'sibling' };
  }
  return recordInline(context, edits, entry, { first, event, about });
}

/** Finds the tenant by the customer id that was stored for it. */
export function mapByCustomer(finding: Finding, context: FixContext): Draft | Refused {
  const entry = entryOf(finding, context);
  if (entry === undefined) return { refused: 'The webhook was not found in the code.' };
  const table = tableOf(finding, context);
  const codeTable = table === undefined ? undefined : codeTableOf(context, table);
  const property =
    codeTable === undefined
      ? undefined
      : [...codeTable.properties].find(([column]) =>
          /stripe_?customer|^customer_id$|customer_?stripe/.test(column),
        )?.[1];
  if (codeTable === undefined || property === undefined)
    return { refused: `'${table ?? finding.file}' stores no customer id to go by.` };
  const site = writesAndReads(entry).find(
    each =>
      each.kind === 'drizzle' &&
      each.tables.some(name => textOf(entry.parsed, name).split('.').at(-1) === codeTable.name),
  );
  const where = site?.kind === 'drizzle' ? site.calls.get('where')?.arguments[0] : undefined;
  const object = eventObject(entry);
  if (site === undefined || where === undefined || where.type === 'SpreadElement' || object === undefined)
    return { refused: 'The query that finds the tenant was not found in the webhook.' };
  const edits = createEditSet();
  const name = replaceLookup(context, edits, entry, { where, object });
  const tableText =
    site.kind === 'drizzle' && site.tables[0] !== undefined ? textOf(entry.parsed, site.tables[0]) : codeTable.name;
  edits.replace(entry.parsed, where, `eq(${tableText}.${property}, ${name})`);
  edits.import(entry.parsed, { name: 'eq', from: 'drizzle-orm' });
  return {
    title: `Find the tenant by its stored customer in ${finding.entryPoint ?? finding.file}`,
    explanation: `An e-mail address or metadata can be chosen by whoever pays; the row is now found by '${codeTable.name}.${property}', which only Stripe and this app write.`,
    edits: edits.edits(),
    basis: 'tenancy',
  };
}

function tableOf(finding: Finding, context: FixContext): string | undefined {
  const hinted = finding.repair?.['table'];
  return typeof hinted === 'string' ? hinted : (finding.object ?? pathsOf(finding, context)[0]?.sink.table);
}

// `const event = JSON.parse(await request.text())`, `const event = await request.json()`
function bodyDeclarator({ parsed, entry }: Entry): VariableDeclarator | undefined {
  return findAll(entry, node => node.type === 'VariableDeclarator').find(
    each => each.init !== null && /JSON\.parse\(|\.json\(\)|req(?:uest)?\.body\b/.test(textOf(parsed, each.init)),
  );
}

function verifyAsSibling(context: FixContext, edits: EditSet, entry: Entry, target: VariableDeclarator): boolean {
  for (const file of context.set.files) {
    const parsed = context.set.parsed(file);
    if (parsed === undefined || file === entry.parsed.file) continue;
    for (const declarator of findAll(parsed.program, node => node.type === 'VariableDeclarator')) {
      if (declarator.init?.type !== 'AwaitExpression' || !isCall(declarator.init.argument)) continue;
      if (!verifiesSignature(context, parsed, declarator.init.argument)) continue;
      const statement = statementOf(parsed, declarator);
      const guard = statement === undefined ? undefined : guardAfter(parsed, statement, boundNames(declarator.id));
      const needs = importsFor(context.set, parsed, guard === undefined ? [declarator] : [declarator, guard]);
      const own = entry.entry.params[0];
      if (needs === undefined || own?.type !== 'Identifier') continue;
      const ownName = own.name;
      const rename = (text: string) =>
        [...needs.parameters.keys()].reduce(
          (current, name) => current.replace(new RegExp(`(?<![\\w$.])${name}(?![\\w$])`, 'g'), ownName),
          text,
        );
      replaceEvent(edits, entry, target, {
        init: rename(textOf(parsed, declarator.init)),
        guard:
          guard === undefined
            ? undefined
            : { text: rename(textOf(parsed, guard)), name: boundNames(declarator.id)[0] ?? 'event' },
      });
      addImports(context, edits, entry.parsed, needs.imports);
      return true;
    }
  }
  return false;
}

// The helper that verifies, called from an entry point.
function verifiesSignature(context: FixContext, parsed: ParsedFile, call: CallExpression): boolean {
  const name = calleeName(call);
  const declaration =
    name === undefined || call.callee.type !== 'Identifier' ? undefined : context.set.declarationOf(parsed.file, name);
  if (declaration?.kind !== 'local') return false;
  const target = context.set.parsed(declaration.file);
  const body = target === undefined ? undefined : topLevelFunctions(target).get(declaration.name);
  return target !== undefined && body !== undefined && /\bconstructEvent(?:Async)?\(/.test(textOf(target, body));
}

/** The guard that follows a statement and asks about what it declared. */
export function guardAfter(parsed: ParsedFile, statement: Node, names: readonly string[]): Node | undefined {
  const block = parsed.parentOf(statement);
  if (block?.type !== 'BlockStatement') return undefined;
  const next = block.body[block.body.findIndex(each => each === statement) + 1];
  return next?.type === 'IfStatement' && names.some(name => freeNames(next.test).includes(name)) ? next : undefined;
}

function replaceEvent(
  edits: EditSet,
  { parsed }: Entry,
  target: VariableDeclarator,
  by: { readonly init: string; readonly guard: { readonly text: string; readonly name: string } | undefined },
): void {
  if (target.init === null || target.id.type !== 'Identifier') return;
  const own = target.id.name;
  const statement = statementOf(parsed, target);
  // A type that was claimed for the body is what the verified event has.
  edits.replace(
    parsed,
    { start: target.id.typeAnnotation?.start ?? target.id.end, end: target.init.end },
    ` = ${by.init}`,
  );
  if (by.guard === undefined || statement === undefined) return;
  const guard = by.guard.text.replace(new RegExp(`(?<![\\w$.])${by.guard.name}(?![\\w$])`, 'g'), own);
  edits.insert(parsed, statement.end, `\n${indentAt(parsed, statement.start)}${guard}`);
}

function verifyAsDocumented(
  context: FixContext,
  edits: EditSet,
  entry: Entry,
  target: VariableDeclarator,
): string | undefined {
  const { parsed } = entry;
  const { quote, end } = styleOf(parsed);
  const client = stripeClient(context);
  const statement = statementOf(parsed, target);
  const request = entry.entry.params[0];
  if (
    target.init === null ||
    target.id.type !== 'Identifier' ||
    statement === undefined ||
    request?.type !== 'Identifier'
  )
    return 'The webhook does not take the request as a plain parameter.';
  const indent = indentAt(parsed, statement.start);
  const name = target.id.name;
  const instance = client === undefined ? `new Stripe(process.env.STRIPE_SECRET_KEY ?? ${quote}${quote})` : client.name;
  if (client === undefined) edits.import(parsed, { name: 'Stripe', from: 'stripe', isDefault: true });
  else addImports(context, edits, parsed, [{ name: client.name, from: `file:${client.file}` }]);
  const lines = [
    `const payload = await ${request.name}.text()${end}`,
    `const signature = ${request.name}.headers.get(${quote}stripe-signature${quote}) ?? ${quote}${quote}${end}`,
    `let ${name}${end}`,
    `try {`,
    `  ${name} = ${instance}.webhooks.constructEvent(payload, signature, process.env.STRIPE_WEBHOOK_SECRET ?? ${quote}${quote})${end}`,
    `} catch {`,
    `  return Response.json({ error: ${quote}Invalid signature${quote} }, { status: 400 })${end}`,
    `}`,
  ];
  edits.replace(parsed, statement, lines.join(`\n${indent}`));
  return undefined;
}

function stripeClient(context: FixContext): { readonly file: string; readonly name: string } | undefined {
  for (const file of context.set.files) {
    const match = /export const (\w+)(?::\s*Stripe)? = new Stripe\(/.exec(context.set.read(file) ?? '');
    if (match?.[1] !== undefined) return { file, name: match[1] };
  }
  return undefined;
}

function eventName({ entry }: Entry): string | undefined {
  const names = findAll(entry, node => node.type === 'MemberExpression').flatMap(node => {
    const chain = memberChain(node);
    return chain?.root.type === 'Identifier' &&
      (chain.names.join('.').startsWith('data.object') || chain.names[0] === 'type')
      ? [chain.root.name]
      : [];
  });
  return names[0];
}

function writesIn(entry: Entry): readonly QuerySite[] {
  return writesAndReads(entry).filter(site => site.kind === 'drizzle' && site.operation !== 'read');
}

function writesAndReads({ parsed, entry }: Entry): readonly QuerySite[] {
  return querySites(parsed).filter(site => site.node.start >= entry.start && site.node.end <= entry.end);
}

interface LedgerHelper {
  readonly file: string;
  readonly name: string;
}

// A helper that inserts the event's id uniquely, and runs the work it is given only the first time.
function ledgerHelper(context: FixContext): LedgerHelper | undefined {
  for (const file of context.set.files) {
    const text = context.set.read(file) ?? '';
    if (!/onConflictDoNothing|on conflict/i.test(text)) continue;
    const parsed = context.set.parsed(file);
    if (parsed === undefined) continue;
    for (const [name, node] of topLevelFunctions(parsed)) {
      const body = textOf(parsed, node);
      const work = node.params[1];
      if (
        node.params.length === 2 &&
        work?.type === 'Identifier' &&
        /onConflictDoNothing|on conflict/i.test(body) &&
        new RegExp(`\\b${work.name}\\(`).test(body)
      )
        return { file, name };
    }
  }
  return undefined;
}

function wrapInHelper(
  context: FixContext,
  edits: EditSet,
  { parsed }: Entry,
  work: { readonly site: QuerySite; readonly event: string; readonly once: LedgerHelper },
): void {
  const { site, event, once } = work;
  if (site.kind !== 'drizzle') return;
  const statement = statementOf(parsed, site.node);
  if (statement === undefined) return;
  const { end } = styleOf(parsed);
  const indent = indentAt(parsed, statement.start);
  const body = textOf(parsed, statement);
  const client = textOf(parsed, site.client);
  const inner = body
    .replace(new RegExp(`(?<![\\w$.])${client.replaceAll('.', '\\.')}(?=[\\s.])`), 'tx')
    .split('\n')
    .map((line, index) => (index === 0 ? line : `  ${line}`))
    .join('\n');
  edits.replace(
    parsed,
    statement,
    `await ${once.name}(${event}, async tx => {\n${indent}  ${inner}\n${indent}})${end}`,
  );
  addImports(context, edits, parsed, [{ name: once.name, from: `file:${once.file}` }]);
}

// No helper: the event's id goes into its own table, which the migration makes.
function recordInline(
  context: FixContext,
  edits: EditSet,
  entry: Entry,
  work: {
    readonly first: QuerySite;
    readonly event: string;
    readonly about: { readonly title: string; readonly explanation: string };
  },
): Draft | Refused {
  const { parsed } = entry;
  const { end } = styleOf(parsed);
  const { first, event } = work;
  if (first.kind !== 'drizzle') return { refused: 'The webhook writes without a client that is understood here.' };
  const ledger = context.tables.find(table => /event/.test(table.table) && table.properties.has('id'));
  const statement = entryStatement(parsed, first.node);
  const indent = indentAt(parsed, statement.start);
  const client = textOf(parsed, first.client);
  const answer = `if (recorded.rows.length === 0) return Response.json({ received: true })${end}`;
  edits.import(parsed, { name: 'sql', from: 'drizzle-orm' });
  const table = ledger?.table ?? 'processed_events';
  edits.insert(
    parsed,
    statement.start,
    `const recorded = await ${client}.execute(sql\`insert into ${table} (id${ledger?.properties.has('type') === true ? ', type' : ''}) values (\${${event}.id}${ledger?.properties.has('type') === true ? `, \${${event}.type}` : ''}) on conflict do nothing returning id\`)${end}\n${indent}${answer}\n${indent}`,
  );
  const migration =
    ledger === undefined
      ? {
          name: 'processed_events',
          up: [
            'create table processed_events (\n  id text primary key,\n  received_at timestamptz not null default now()\n);',
          ],
          down: ['drop table processed_events;'],
        }
      : undefined;
  return { ...work.about, edits: edits.edits(), ...(migration === undefined ? {} : { migration }), basis: 'library' };
}

// `const invoice = event.data.object;`: the name, or the whole expression.
function eventObject({ parsed, entry }: Entry): string | undefined {
  for (const declarator of findAll(entry, node => node.type === 'VariableDeclarator')) {
    if (declarator.init === null || declarator.id.type !== 'Identifier') continue;
    const chain = memberChain(declarator.init);
    if (chain?.names.join('.') === 'data.object') return declarator.id.name;
  }
  const expression = findAll(entry, node => node.type === 'MemberExpression').find(
    node => memberChain(node)?.names.join('.') === 'data.object',
  );
  return expression === undefined ? undefined : textOf(parsed, expression);
}

// The variable that held the e-mail now holds the customer; where there is none, one is declared before the query.
function replaceLookup(
  context: FixContext,
  edits: EditSet,
  entry: Entry,
  lookup: { readonly where: Expression; readonly object: string },
): string {
  const { parsed } = entry;
  const { quote, end } = styleOf(parsed);
  const helper = customerHelper(context);
  if (helper !== undefined) addImports(context, edits, parsed, [{ name: helper.name, from: `file:${helper.file}` }]);
  const customer = `${lookup.object}.customer`;
  const value =
    helper !== undefined
      ? `${helper.name}(${customer})`
      : `typeof ${customer} === ${quote}string${quote} ? ${customer} : ${customer}?.id`;
  const old = lookupVariable(parsed, lookup.where);
  const scope = functionsAround(parsed, lookup.where).at(-1);
  const taken =
    scope === undefined
      ? new Set<string>()
      : new Set(findAll(scope, node => node.type === 'Identifier').map(node => node.name));
  const name = taken.has('customerId') ? 'stripeCustomerId' : 'customerId';
  const uses =
    old === undefined || scope === undefined
      ? []
      : findAll(scope, node => node.type === 'Identifier').filter(
          node => node.name === old.name && node.start > old.declarator.end && node.start < lookup.where.start,
        );
  const guarded = uses.length > 0 && uses.every(use => parsed.parentOf(use)?.type === 'UnaryExpression');
  if (old !== undefined && guarded && old.declarator.init !== null) {
    edits.replace(parsed, { start: old.declarator.id.start, end: old.declarator.init.end }, `${name} = ${value}`);
    for (const use of uses) edits.replace(parsed, use, name);
    return name;
  }
  const statement = entryStatement(parsed, lookup.where);
  const indent = indentAt(parsed, statement.start);
  edits.insert(
    parsed,
    statement.start,
    `const ${name} = ${value}${end}\n${indent}if (!${name}) return Response.json({ received: true })${end}\n${indent}`,
  );
  return name;
}

function lookupVariable(
  parsed: ParsedFile,
  where: Node,
): { readonly name: string; readonly declarator: VariableDeclarator } | undefined {
  for (const name of freeNames(where)) {
    const binding = bindingOf(parsed, where, name);
    if (binding.kind === 'variable' && functionsAround(parsed, binding.declarator).length > 0)
      return { name, declarator: binding.declarator };
  }
  return undefined;
}

// `idOf(subscription.customer)`: the app's own way from an expandable field to its id.
function customerHelper(context: FixContext): { readonly file: string; readonly name: string } | undefined {
  for (const file of context.set.files) {
    if (!(context.set.read(file) ?? '').includes('.customer)')) continue;
    const parsed = context.set.parsed(file);
    if (parsed === undefined) continue;
    for (const call of findAll(parsed.program, isCall)) {
      const argument = call.arguments[0];
      if (
        call.callee.type !== 'Identifier' ||
        call.arguments.length !== 1 ||
        argument === undefined ||
        argument.type === 'SpreadElement'
      )
        continue;
      if (memberChain(argument)?.names.at(-1) !== 'customer') continue;
      const declaration = context.set.declarationOf(file, call.callee.name);
      if (declaration?.kind === 'local') return { file: declaration.file, name: declaration.name };
    }
  }
  return undefined;
}
