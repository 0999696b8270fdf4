import type { Node } from 'oxc-parser';
import type { Finding } from '../../core/finding.ts';
import type { EntryPoint } from '../../core/path.ts';
import type { Place } from '../../core/place.ts';
import type { Fact } from '../../model/app/types.ts';
import type { JudgedPath } from '../../checks/check.ts';
import { pathsOf } from '../context.ts';
import type { Draft, FixContext, Refused } from '../context.ts';
import { insertHead, snippetFor } from '../idioms/caller.ts';
import { copyStatement } from '../idioms/copy-guard.ts';
import { entryKindOf } from '../idioms/entry.ts';
import { createEditSet, styleOf } from '../source/edit-set.ts';
import { entryFunction, statementAt } from '../source/locate.ts';
import { calleeName, findAll, indentAt, isCall, lineAt, textOf } from '../source/parsed-file.ts';
import type { FunctionNode, ParsedFile } from '../source/parsed-file.ts';

type Entry = { readonly parsed: ParsedFile; readonly entry: FunctionNode };

/** Asks for the role that sibling entry points ask for, in their words. */
export function requireRole(finding: Finding, context: FixContext): Draft | Refused {
  const entry = entryOf(finding, context);
  if (entry === undefined) return { refused: 'The entry point was not found in the code.' };
  const siblings = sameFormFirst(entry, [
    ...guardsLike(finding, context, fact => fact.kind === 'role'),
    ...roleGuardsByText(finding, context),
  ]);
  return copyFirst(context, entry, siblings, {
    title: `Ask for the administrator's role in ${finding.entryPoint ?? finding.file}`,
    explanation:
      'Only the page that links here was hidden from other users; the entry point now asks itself, as its siblings do.',
    none: 'No sibling asks for a role that could be asked for here.',
  });
}

/** Writes the layout's guard into the page, which Next.js may render without its layout. */
export function guardInPage(finding: Finding, context: FixContext): Draft | Refused {
  const entry = entryOf(finding, context);
  if (entry === undefined) return { refused: 'The entry point was not found in the code.' };
  const places = pathsOf(finding, context)
    .flatMap(path => path.model.facts.filter(fact => fact.weakness === 'layout-only'))
    .map(fact => fact.place);
  const statements = [...places, ...(finding.file === entry.parsed.file ? [] : [finding])].flatMap(place =>
    guardStatementsAt(context, place),
  );
  // The guard that asks about membership or a role says more than the one that asks for a session.
  const ranked = [...statements].sort(
    (left, right) => Number(right.node.type === 'IfStatement') - Number(left.node.type === 'IfStatement'),
  );
  return copyFirst(context, entry, ranked, {
    title: `Guard ${finding.entryPoint ?? finding.file} itself, not only its layout`,
    explanation:
      'A layout does not run again when only the page is asked for; the page now asks the same question before it reads.',
    none: "The layout's guard was not found.",
  });
}

/** Asks who is calling, as siblings of the same kind do. */
export function requireSession(finding: Finding, context: FixContext): Draft | Refused {
  const entry = entryOf(finding, context);
  if (entry === undefined) return { refused: 'The entry point was not found in the code.' };
  const edits = createEditSet();
  const node = entry.entry.body ?? entry.entry;
  for (const wanted of ['tenant', 'user'] as const) {
    const snippet = snippetFor(context, entry.parsed, innerNode(entry, node), wanted);
    if (snippet === undefined) continue;
    if (insertHead(context, edits, entry, snippet) === undefined) continue;
    return {
      title: `Ask who is calling in ${finding.entryPoint ?? finding.file}`,
      explanation: 'The entry point answered anybody on the internet; it now asks for a session as its siblings do.',
      edits: edits.edits(),
      basis: 'sibling',
    };
  }
  return { refused: 'No sibling of this kind asks who is calling.' };
}

/** Lets only the scheduler in: the sibling's comparison with the secret, or the one that Vercel documents. */
export function requireCronSecret(finding: Finding, context: FixContext): Draft | Refused {
  const entry = entryOf(finding, context);
  if (entry === undefined) return { refused: 'The entry point was not found in the code.' };
  const siblings = [
    ...guardsLike(finding, context, fact => fact.kind === 'system'),
    ...cronGuardsByText(finding, context),
  ];
  const about = {
    title: `Let only the scheduler call ${finding.entryPoint ?? finding.file}`,
    explanation:
      'Anybody could start this job; it now compares the secret that the scheduler sends, and stops when none is set.',
    none: 'No sibling compares a secret.',
  };
  const copied = copyFirst(context, entry, siblings, about);
  return 'refused' in copied ? documentedCronSecret(entry, about) : copied;
}

function documentedCronSecret(
  { parsed, entry }: Entry,
  about: { readonly title: string; readonly explanation: string },
): Draft | Refused {
  const { body } = entry;
  const first = entry.params[0];
  if (body?.type !== 'BlockStatement' || (first !== undefined && first.type !== 'Identifier'))
    return { refused: 'The handler does not take the request as a plain parameter.' };
  const { quote, end } = styleOf(parsed);
  const edits = createEditSet();
  const request = first?.type === 'Identifier' ? first.name : 'request';
  if (first === undefined)
    edits.insert(parsed, parsed.text.indexOf('(', entry.id?.end ?? entry.start) + 1, 'request: Request', 'shared');
  const indent =
    body.body[0] === undefined ? `${indentAt(parsed, entry.start)}  ` : indentAt(parsed, body.body[0].start);
  edits.insert(
    parsed,
    body.start + 1,
    `\n${indent}const secret = process.env.CRON_SECRET${end}\n${indent}if (!secret || ${request}.headers.get(${quote}authorization${quote}) !== \`Bearer \${secret}\`) {\n${indent}  return Response.json({ error: ${quote}Unauthorized${quote} }, { status: 401 })${end}\n${indent}}`,
  );
  return { ...about, edits: edits.edits(), basis: 'library' };
}

interface Sibling {
  readonly parsed: ParsedFile;
  readonly node: Node;
}

function copyFirst(
  context: FixContext,
  entry: Entry,
  siblings: readonly Sibling[],
  about: { readonly title: string; readonly explanation: string; readonly none: string },
): Draft | Refused {
  let refused = about.none;
  for (const sibling of siblings) {
    const edits = createEditSet();
    const reason = copyStatement(context, edits, {
      from: { parsed: sibling.parsed, statement: sibling.node },
      to: entry,
    });
    if (reason === undefined)
      return { title: about.title, explanation: about.explanation, edits: edits.edits(), basis: 'sibling' };
    refused = reason;
  }
  return { refused };
}

/** The function that the finding's entry point runs. */
export function entryOf(finding: Finding, context: FixContext): Entry | undefined {
  const path = pathsOf(finding, context)[0];
  const named = context.app?.entryPoints.find(each => each.name === finding.entryPoint) ?? path?.entryPoint;
  const known: Pick<EntryPoint, 'file' | 'line' | 'symbol'> = named ?? {
    file: finding.file,
    line: finding.line,
    symbol: '',
  };
  return entryFunction(context.set, known);
}

function innerNode({ entry }: Entry, fallback: Node): Node {
  const { body } = entry;
  return body?.type === 'BlockStatement' ? (body.body[0] ?? fallback) : fallback;
}

// Guards of other paths that established such a fact; those of the same kind of entry point first.
function guardsLike(
  finding: Finding,
  context: FixContext,
  holds: (fact: Fact['holds']) => boolean,
): readonly Sibling[] {
  const form = formOf(finding, context);
  const good = context.paths.filter(path => path.verdict !== 'leaks' && path.entryPoint.name !== finding.entryPoint);
  const facts = good.flatMap(path =>
    path.model.facts.filter(fact => fact.weakness === undefined && holds(fact.holds)).map(fact => ({ fact, path })),
  );
  const ranked = [...facts].sort(
    (left, right) => nearness(right.path, form, finding) - nearness(left.path, form, finding),
  );
  const seen = new Set<string>();
  return ranked.flatMap(({ fact }) => {
    const key = `${fact.place.file}:${fact.place.line}`;
    if (seen.has(key)) return [];
    seen.add(key);
    return guardStatementsAt(context, fact.place);
  });
}

function sameFormFirst(entry: Entry, siblings: readonly Sibling[]): readonly Sibling[] {
  const form = entryKindOf(entry.parsed, innerNode(entry, entry.entry));
  const score = (sibling: Sibling) => Number(entryKindOf(sibling.parsed, sibling.node) === form);
  return siblings.toSorted((left, right) => score(right) - score(left));
}

function formOf(finding: Finding, context: FixContext): string {
  return (
    pathsOf(finding, context)[0]?.entryPoint.kind ??
    context.app?.entryPoints.find(each => each.name === finding.entryPoint)?.kind ??
    ''
  );
}

function nearness(path: JudgedPath, form: string, finding: Finding): number {
  const folder = finding.file.split('/').slice(0, 2).join('/');
  return (
    (path.entryPoint.kind === form ? 4 : 0) +
    (path.entryPoint.file === finding.file ? 2 : 0) +
    (path.entryPoint.file.startsWith(folder) ? 1 : 0)
  );
}

function guardStatementsAt(context: FixContext, place: Place): readonly Sibling[] {
  const parsed = context.set.parsed(place.file);
  const node = parsed === undefined ? undefined : statementAt(parsed, place.line);
  if (parsed === undefined || node === undefined) return [];
  // A guard inside a helper is copied as the call of the helper, found where entry points make it.
  if (entryKindOf(parsed, node) === 'helper') return [];
  const following = node.type === 'VariableDeclaration' ? nextGuard(parsed, node) : undefined;
  return [following ?? node].map(each => ({ parsed, node: each }));
}

function nextGuard(parsed: ParsedFile, node: Node): Node | undefined {
  const block = parsed.parentOf(node);
  if (block?.type !== 'BlockStatement') return undefined;
  const next = block.body[block.body.findIndex(each => each === node) + 1];
  return next?.type === 'IfStatement' && next.alternate === null ? next : undefined;
}

// Without facts: statements that name a role, in entry points of the same kind.
function roleGuardsByText(finding: Finding, context: FixContext): readonly Sibling[] {
  const names = roleHelpers(context);
  return entryStatements(finding, context, statement => {
    const call = findAll(statement.node, isCall).find(each => names.has(calleeName(each) ?? ''));
    if (call !== undefined && statement.node.type !== 'IfStatement') return true;
    return (
      statement.node.type === 'IfStatement' &&
      /\.role\s*!==?\s*['"]/.test(textOf(statement.parsed, statement.node.test))
    );
  });
}

// Helpers that compare a role and leave.
function roleHelpers(context: FixContext): ReadonlySet<string> {
  const found = new Set<string>();
  for (const file of context.set.files) {
    const text = context.set.read(file) ?? '';
    for (const match of text.matchAll(/export\s+(?:async\s+)?function\s+(\w+)\s*\(\s*\)[^{]*\{([^}]*)\}/g)) {
      if (match[1] !== undefined && /\.role\s*!==?\s*['"]/.test(match[2] ?? '')) found.add(match[1]);
    }
  }
  return found;
}

function cronGuardsByText(finding: Finding, context: FixContext): readonly Sibling[] {
  return entryStatements(finding, context, ({ parsed, node }) => {
    if (node.type !== 'IfStatement' || !/cron|job|schedule/i.test(parsed.file)) return false;
    return /40[13]/.test(textOf(parsed, node.consequent)) || /unauthori[sz]ed/i.test(textOf(parsed, node.consequent));
  });
}

function entryStatements(
  finding: Finding,
  context: FixContext,
  accept: (sibling: Sibling) => boolean,
): readonly Sibling[] {
  const own = entryOf(finding, context);
  const ownForm = own === undefined ? undefined : entryKindOf(own.parsed, innerNode(own, own.entry));
  const found: (Sibling & { readonly score: number })[] = [];
  for (const file of context.set.files) {
    const parsed = context.set.parsed(file);
    if (parsed === undefined || !/(?:^|\/)(?:app|pages)\//.test(`/${file}`)) continue;
    for (const statement of findAll(
      parsed.program,
      node => node.type === 'IfStatement' || node.type === 'ExpressionStatement' || node.type === 'VariableDeclaration',
    )) {
      if (own?.parsed.file === file && lineAt(parsed, statement.start) === finding.line) continue;
      const sibling = { parsed, node: statement };
      if (!accept(sibling)) continue;
      const form = entryKindOf(parsed, statement);
      if (form === 'helper' || form === 'layout') continue;
      found.push({ ...sibling, score: (form === ownForm ? 4 : 0) + (file === own?.parsed.file ? 2 : 0) });
    }
  }
  return found.sort((left, right) => right.score - left.score);
}
