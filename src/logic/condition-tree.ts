import libpg from 'libpg-query';

/** A node of the parse tree with what it stands in, outermost first. */
export interface TreeNode {
  readonly kind: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly above: readonly TreeNode[];
}

/** A call in a condition. */
export interface Call {
  /** As written: `auth.uid`, `is_member`. */
  readonly name: string;
  /** Where it stands in the text, in characters. */
  readonly start: number;
  readonly end: number;
  /** Whether a column decides its value: then it differs from row to row. */
  readonly dependsOnRow: boolean;
  /** Whether it stands in a `(select …)` of its own, which Postgres evaluates once for the whole statement. */
  readonly evaluatedOnce: boolean;
}

/** Every node of a condition, as policies write them; undefined where it does not parse. */
export function nodesOfCondition(text: string): readonly TreeNode[] | undefined {
  return nodesOfSql(`${prefix}${text}`);
}

/** Every node of one or more statements; undefined where they do not parse. */
export function nodesOfSql(text: string): readonly TreeNode[] | undefined {
  try {
    const found: TreeNode[] = [];
    walk(libpg.parseSync(text), [], found);
    return found;
  } catch {
    return undefined;
  }
}

/** Tables and views that sub-queries of the condition read, as models name them. */
export function relationsOfCondition(text: string): readonly string[] {
  const names = (nodesOfCondition(text) ?? []).flatMap(node =>
    node.kind === 'RangeVar' ? [relationName(node.body)] : [],
  );
  return [...new Set(names)];
}

/** The condition with other relations read in the place of those for which there is one. */
export function withRelations(text: string, replacementOf: (name: string) => string | undefined): string {
  const places = (nodesOfCondition(text) ?? []).flatMap(({ kind, body }) => {
    const replacement = kind === 'RangeVar' ? replacementOf(relationName(body)) : undefined;
    const location = body['location'];
    if (replacement === undefined || typeof location !== 'number') return [];
    const start = characterAt(`${prefix}${text}`, location) - prefix.length;
    const [written = ''] = /^(?:"(?:[^"]|"")+"|[\w$]+)(?:\.(?:"(?:[^"]|"")+"|[\w$]+))?/u.exec(text.slice(start)) ?? [];
    return [{ start, end: start + written.length, replacement }];
  });
  return places
    .toSorted((left, right) => right.start - left.start)
    .reduce(
      (current, { start, end, replacement }) => `${current.slice(0, start)}${replacement}${current.slice(end)}`,
      text,
    );
}

/** Every call of a function in the condition. */
export function callsOfCondition(text: string): readonly Call[] {
  const nodes = nodesOfCondition(text) ?? [];
  return nodes.flatMap(node => {
    const location = node.body['location'];
    if (node.kind !== 'FuncCall' || typeof location !== 'number') return [];
    const start = characterAt(`${prefix}${text}`, location) - prefix.length;
    return [
      {
        name: textsOf(node.body['funcname']).join('.'),
        start,
        end: endOfCall(text, start),
        dependsOnRow: nodes.some(inner => inner.kind === 'ColumnRef' && inner.above.includes(node)),
        evaluatedOnce: node.above.some(isEvaluatedOnce),
      },
    ];
  });
}

/**
 * Calls that Postgres makes anew for each row although no row decides their value. In a `(select …)` of their own they
 * are made once. https://supabase.com/docs/guides/database/postgres/row-level-security#call-functions-with-select
 */
export function callsPerRow(text: string, isSteady: (name: string) => boolean): readonly Call[] {
  const calls = callsOfCondition(text).filter(call => !call.dependsOnRow && !call.evaluatedOnce && isSteady(call.name));
  return calls.filter(
    call => !calls.some(other => other !== call && other.start < call.start && call.end <= other.end),
  );
}

/** The condition with each of the calls in a `(select …)` of its own. */
export function wrapCalls(text: string, calls: readonly Call[]): string {
  return [...calls]
    .sort((left, right) => right.start - left.start)
    .reduce(
      (current, { start, end }) =>
        `${current.slice(0, start)}(select ${current.slice(start, end)})${current.slice(end)}`,
      text,
    );
}

/** `table` or `schema.table`, without `public`. */
export function relationName(body: Readonly<Record<string, unknown>>): string {
  const schema = body['schemaname'];
  const name = typeof body['relname'] === 'string' ? body['relname'] : '';
  return typeof schema === 'string' && schema !== 'public' ? `${schema}.${name}` : name;
}

/** The parts of a name: `m`, `organization_id`. */
export function textsOf(parts: unknown): readonly string[] {
  return (Array.isArray(parts) ? parts : []).flatMap((part: unknown) => {
    const sval = field(field(part, 'String'), 'sval');
    return typeof sval === 'string' ? [sval] : [];
  });
}

/** What stands under a name in a node. */
export function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

const prefix = 'select 1 where ';

function walk(value: unknown, above: readonly TreeNode[], found: TreeNode[]): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, above, found);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    // Kinds of nodes are written large, fields of a node small.
    const isNode = /^[A-Z]/.test(key) && typeof inner === 'object' && inner !== null && !Array.isArray(inner);
    if (!isNode) {
      walk(inner, above, found);
      continue;
    }
    const node: TreeNode = { kind: key, body: inner, above };
    found.push(node);
    walk(inner, [...above, node], found);
  }
}

/** A sub-query for one value that reads nothing and depends on nothing: an InitPlan. */
function isEvaluatedOnce(node: TreeNode): boolean {
  if (node.kind !== 'SubLink' || node.body['subLinkType'] !== 'EXPR_SUBLINK') return false;
  return field(field(field(node.body, 'subselect'), 'SelectStmt'), 'fromClause') === undefined;
}

/** The parser counts bytes. */
function characterAt(text: string, byte: number): number {
  return Buffer.from(text, 'utf8').subarray(0, byte).toString('utf8').length;
}

/** Behind the parenthesis that closes a call. */
function endOfCall(text: string, start: number): number {
  let depth = 0;
  let quote = '';
  for (let index = start; index < text.length; index += 1) {
    const character = text.charAt(index);
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === "'" || character === '"') quote = character;
    else if (character === '(') depth += 1;
    else if (character === ')') {
      depth -= 1;
      if (depth === 0) return index + 1;
    }
  }
  return text.length;
}
