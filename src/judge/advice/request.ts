import type { JudgedPath } from '../../checks/check.ts';
import type { SuggestedRequest } from '../../core/advice.ts';
import { compareText } from '../../core/place.ts';
import type { Predicate, Term } from '../../core/predicate.ts';
import { isChosen, termsOf } from '../../logic/terms.ts';

/** A value that the caller sends: where it goes, and what a test puts there. */
interface Sent {
  readonly path: readonly string[];
  readonly value: string;
  readonly placeholder?: { readonly name: string; readonly means: string };
}

const cookie = { name: 'A_COOKIE', means: 'the cookies of a signed-in user of tenant A' };
const address = 'http://localhost:3000';

/** A request that shows the fault: signed in to tenant A, with ids of tenant B. */
export function suggestRequest(path: JudgedPath): SuggestedRequest | undefined {
  const sent = sentValues(path);
  const signIn = path.principal === 'anonymous' ? [] : [cookie];
  switch (path.entryPoint.kind) {
    case 'route-handler':
    case 'api-route':
    case 'webhook':
    case 'cron':
    case 'page':
    case 'layout':
    case 'metadata':
      return path.entryPoint.route === undefined ? undefined : httpRequest(path, sent, signIn);
    case 'server-action':
      return actionCall(path, sent, signIn);
    case 'tool':
      return {
        text: `${path.entryPoint.symbol}(${objectText(sent)})`,
        note: 'Ask the assistant, as a user of tenant A, until it calls its tool like this.',
        placeholders: placeholders(sent, []),
      };
    case 'procedure':
      return procedureCall(path, sent, signIn);
    default:
      // Nobody sends a request of their own to these.
      return undefined;
  }
}

function httpRequest(
  path: JudgedPath,
  sent: readonly Sent[],
  signIn: readonly SuggestedRequest['placeholders'][number][],
): SuggestedRequest {
  const { entryPoint } = path;
  // A handler below `pages/api` finds the parameters of its URL in `query`.
  const inPath = new Map(
    sent
      .filter(each => isIn(each, 'params') || isIn(each, 'query'))
      .map(each => [each.path[1] ?? '', each.value] as const),
  );
  const route = (entryPoint.route ?? '/').replaceAll(
    /\[{1,2}(?:\.\.\.)?([^\]]+)\]{1,2}|:([A-Za-z_]\w*)/g,
    (_, bracket: string | undefined, colon: string | undefined) => inPath.get(bracket ?? colon ?? '') ?? 'x',
  );
  const query = sent
    .filter(each => isIn(each, 'query') || isIn(each, 'searchParams'))
    .filter(each => !(entryPoint.route ?? '').includes(`[${each.path[1] ?? ''}]`))
    .map(each => `${each.path.slice(1).join('.')}=${each.value}`);
  const headers = sent
    .filter(each => isIn(each, 'header') || isIn(each, 'headers'))
    .map(each => ` -H '${each.path.slice(1).join('.')}: ${each.value}'`);
  const body = sent.filter(each => isIn(each, 'body') || isIn(each, 'input') || isIn(each, 'form'));
  const method = methodOf(entryPoint.method, body.length > 0);
  const url = `${address}${route}${query.length === 0 ? '' : `?${query.join('&')}`}`;
  const data = body.length === 0 || method === 'GET' ? '' : ` --json '${jsonText(body)}'`;
  const text = `curl${method === 'GET' ? '' : ` -X ${method}`} '${url}'${signIn.length > 0 ? " -b 'A_COOKIE'" : ''}${headers.join('')}${data}`;
  return { text, placeholders: placeholders(sent, signIn) };
}

function methodOf(method: string | undefined, hasBody: boolean): string {
  if (method !== undefined && method !== 'ANY') return method;
  return hasBody ? 'POST' : 'GET';
}

function actionCall(
  path: JudgedPath,
  sent: readonly Sent[],
  signIn: readonly SuggestedRequest['placeholders'][number][],
): SuggestedRequest {
  const roots = [...new Set(sent.map(each => each.path[0] ?? ''))];
  const inputs = roots.map(root => {
    const mine = sent.filter(each => each.path[0] === root);
    const whole = mine.find(each => each.path.length === 1);
    return whole === undefined ? objectText(mine) : quoted(whole);
  });
  const who = signIn.length > 0 ? 'signed in as a user of tenant A' : 'without signing in';
  return {
    text: `${path.entryPoint.symbol}(${inputs.join(', ')})`,
    note: `Sent ${who}; an action is a POST that anyone can repeat with other arguments.`,
    placeholders: placeholders(sent, []),
  };
}

function procedureCall(
  path: JudgedPath,
  sent: readonly Sent[],
  signIn: readonly SuggestedRequest['placeholders'][number][],
): SuggestedRequest {
  const who = signIn.length > 0 ? 'Signed in as a user of tenant A.' : 'Without signing in.';
  return {
    text: `${path.entryPoint.name.replace(/^\w+ /, '')}(${objectText(sent.filter(each => each.path.length > 1))})`,
    note: who,
    placeholders: placeholders(sent, []),
  };
}

function quoted({ value }: Sent): string {
  return `'${value}'`;
}

function placeholders(
  sent: readonly Sent[],
  more: readonly SuggestedRequest['placeholders'][number][],
): SuggestedRequest['placeholders'] {
  const all = [...more, ...sent.flatMap(each => (each.placeholder === undefined ? [] : [each.placeholder]))];
  return [...new Map(all.map(each => [each.name, each])).values()];
}

function isIn(sent: Sent, part: string): boolean {
  return sent.path[0] === part && sent.path.length > 1;
}

/** What the caller sends: ids of tenant B for what selects or names a row, anything for the rest. */
function sentValues(path: JudgedPath): readonly Sent[] {
  const { query } = path.model;
  const verified = verifiedValues(path);
  const chosen = new Map<string, Sent>();
  const add = (term: Term, table: string | undefined, column: string | undefined): void => {
    for (const leaf of leaves(term)) {
      const parts = leaf.replaceAll('[]', '.[]').split('.');
      const known = chosen.get(leaf);
      if (known?.placeholder !== undefined) continue;
      const value = verified.has(leaf) ? ownValue(parts.at(-1) ?? leaf) : valueFor(table, column, leaf);
      chosen.set(leaf, { path: parts, ...value });
    }
  };
  for (const { left, right } of comparisons(query.where)) {
    add(right, tableOf(left, path), columnOf(left));
    add(left, tableOf(right, path), columnOf(right));
  }
  for (const { column, value } of query.values) add(value, isReference(column) ? query.table : undefined, column);
  for (const { name, value } of query.calls?.arguments ?? []) add(value, 'row', name);
  for (const term of termsOf(query.where)) add(term, undefined, undefined);
  const named = /\[\[?(?:\.\.\.)?([^\]]+)\]/g;
  for (const [, name = ''] of (path.entryPoint.route ?? '').matchAll(named)) {
    if (![...chosen.keys()].some(key => key.endsWith(`.${name}`)))
      chosen.set(`params.${name}`, { path: ['params', name], ...ownValue(name) });
  }
  return [...chosen].toSorted(([left], [right]) => compareText(left, right)).map(([, value]) => value);
}

/** What the code compares with the caller's own memberships has to be tenant A's, or the request is refused. */
function verifiedValues(path: JudgedPath): ReadonlySet<string> {
  const found = path.model.facts.flatMap((fact): readonly Term[] => {
    if (fact.weakness !== undefined) return [];
    if (fact.holds.kind === 'member') return [fact.holds.tenant];
    if (fact.holds.kind !== 'row') return [];
    const terms = termsOf(fact.holds.row.where);
    return terms.some(term => term.kind === 'principal') ? terms : [];
  });
  return new Set(found.flatMap(leaves));
}

function ownValue(name: string): Pick<Sent, 'value' | 'placeholder'> {
  const label = `A_${name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/\W+/g, '_')
    .toUpperCase()}`;
  return { value: label, placeholder: { name: label, means: `'${name}' as tenant A's own user sends it` } };
}

function isReference(column: string): boolean {
  return /(_id|Id|_uuid)$/.test(column);
}

function tableOf(term: Term, path: JudgedPath): string | undefined {
  if (term.kind !== 'column') return undefined;
  return term.row === 'self' ? path.model.query.table : term.row.replace(/[~#].*$/, '');
}

function columnOf(term: Term): string | undefined {
  return term.kind === 'column' ? term.column : undefined;
}

function valueFor(
  table: string | undefined,
  column: string | undefined,
  name: string,
): Pick<Sent, 'value' | 'placeholder'> {
  if (table === undefined || column === undefined || /(status|kind|type|search|name|at|date)$/i.test(column))
    return { value: 'x' };
  const row = table.split('.').at(-1) ?? table;
  const label = `B_${[row, column === 'id' && row !== name ? 'id' : column].join('_')}`
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/\W+/g, '_')
    .toUpperCase();
  return {
    value: label,
    placeholder: { name: label, means: `'${column}' of a row of '${row}' that belongs to tenant B` },
  };
}

function leaves(term: Term): readonly string[] {
  if (term.kind === 'client' || term.kind === 'tool-argument') return [term.path];
  return term.kind === 'call' && isChosen(term) ? term.arguments.flatMap(leaves) : [];
}

function comparisons(where: Predicate): readonly { readonly left: Term; readonly right: Term }[] {
  switch (where.kind) {
    case 'compare':
      return [where];
    case 'and':
    case 'or':
      return where.operands.flatMap(comparisons);
    case 'not':
    case 'maybe-absent':
      return comparisons(where.operand);
    case 'exists':
      return comparisons(where.row.where);
    default:
      return [];
  }
}

type Tree = { [name: string]: Tree | string };

const element = '[]';

function jsonText(sent: readonly Sent[]): string {
  return JSON.stringify(withLists(treeOf(sent)));
}

function treeOf(sent: readonly Sent[]): Tree {
  const root: Tree = {};
  for (const { path, value } of sent) {
    let node = root;
    const keys = path.slice(1);
    for (const [index, key] of keys.entries()) {
      const next = node[key];
      if (index === keys.length - 1) {
        if (next === undefined) node[key] = value;
      } else {
        const inner: Tree = typeof next === 'object' ? next : {};
        node[key] = inner;
        node = inner;
      }
    }
  }
  return root;
}

/** `{ '[]': x }` stands for a list of one. */
function withLists(tree: Tree | string): unknown {
  if (typeof tree === 'string') return tree;
  const { [element]: item, ...fields } = tree;
  if (item !== undefined) return [withLists(item)];
  return Object.fromEntries(Object.entries(fields).map(([name, inner]) => [name, withLists(inner)]));
}

function objectText(sent: readonly Sent[]): string {
  return sent.length === 0
    ? ''
    : jsonText(sent)
        .replaceAll(/"([A-Za-z_]\w*)":/g, '$1: ')
        .replaceAll(/,(?=\S)/g, ', ');
}
